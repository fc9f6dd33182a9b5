"""What people write is text: one rule says what a field accepts, and no text has an effect where it is shown."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.adapters.reference import load_catalogue, load_policy
from orders.domain.errors import InvalidRequestError
from orders.domain.messages import MessageKind
from orders.domain.model import OrderId
from orders.domain.submission import RequestedLine, Submission, Terms, draw_up, register
from orders.domain.texts import CUSTOMER, NOTE, REASON, TextKind, canonical, isolated, shown
from orders.settings import Settings
from tests import hostile_texts
from tests.api.world import World
from tests.builders import A_REF, NOON, a_document, rejection
from tests.hostile_texts import HOSTILE

TERMS = Terms(load_catalogue(), load_policy(), Settings.from_env({}).waits)
KINDS = {hostile_texts.CUSTOMER: CUSTOMER, hostile_texts.NOTE: NOTE, hostile_texts.REASON: REASON}
ANY_TEXT = st.one_of(st.text(), st.text(st.sampled_from("a \n\r\t\x1b\x9b\u200b\u202e\u2067\u2069\u0308\u2028é1.")))
BIDI_CONTROLS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
FSI, PDI = "\u2068", "\u2069"


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_each_field_accepts_exactly_what_it_should(kind: str, name: str) -> None:
    mistake = KINDS[kind].mistake(HOSTILE[name].text)

    assert (mistake is None) == (kind in HOSTILE[name].accepted), mistake


@pytest.mark.parametrize(
    ("kind", "text", "mistake"),
    [
        (
            CUSTOMER,
            "acme \u202e1",
            "Remove U+202E RIGHT-TO-LEFT OVERRIDE at character 6; this field does not accept it.",
        ),
        (CUSTOMER, "a\nb", "Remove U+000A LINE BREAK at character 2; this field does not accept it."),
        (NOTE, "a\r\nb\x1b", "Remove U+001B ESCAPE at character 4; this field does not accept it."),
        (NOTE, "\x02", "Remove U+0002 CONTROL CHARACTER at character 1; this field does not accept it."),
        (CUSTOMER, "x" * 101, "Use at most 100 characters."),
        (CUSTOMER, "...", "Use at least one letter or digit."),
        (NOTE, "\u200b", "Use at least one visible character, or leave this out."),
    ],
)
def test_a_refusal_names_the_character_and_its_place(kind: TextKind, text: str, mistake: str) -> None:
    assert kind.mistake(text) == mistake


def test_the_limit_counts_the_characters_that_are_stored() -> None:
    assert CUSTOMER.mistake("  " + "u\u0308" * 100 + "  ") is None
    assert CUSTOMER.mistake("u\u0308" * 101) is not None


@given(ANY_TEXT)
def test_the_canonical_form_is_normalized_and_is_its_own(text: str) -> None:
    form = canonical(text)

    assert form == canonical(form)
    assert unicodedata.is_normalized("NFC", form)
    assert "\r" not in form
    assert canonical(unicodedata.normalize("NFD", text)) == form


@given(ANY_TEXT, st.sampled_from(sorted(KINDS)))
def test_what_is_accepted_once_is_accepted_in_its_canonical_form(text: str, name: str) -> None:
    kind = KINDS[name]
    if kind.mistake(text) is None:
        assert kind.mistake(canonical(text)) is None


@given(ANY_TEXT)
def test_an_accepted_text_has_no_control_character_and_no_direction_of_its_own(text: str) -> None:
    """The rule once more, by Unicode's categories instead of by the domain's table."""
    if NOTE.mistake(text) is None:
        assert not {each for each in canonical(text) if unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"}} - {"\n"}
        assert not set(text) & BIDI_CONTROLS


@given(ANY_TEXT)
def test_a_shown_text_is_one_line_without_effect(text: str) -> None:
    line = shown(text)

    assert len(line.splitlines()) <= 1
    assert not [each for each in line if unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"}]
    assert not set(line) & BIDI_CONTROLS
    assert isolated(text) == f"{FSI}{line}{PDI}"


def test_what_would_be_interpreted_is_shown_by_its_number() -> None:
    assert shown("acme \u202e00.1\x1b[31m\r\nTotal") == "acme <U+202E>00.1<U+001B>[31m ⏎ Total"
    assert shown("Müller [/Bau] GmbH") == "Müller [/Bau] GmbH"


# --- submissions ------------------------------------------------------------------------------------------------------


def a_submission(**texts: Any) -> Submission:
    return replace(Submission("acme", "EUR", (RequestedLine("ATLAS-ED", 3),)), **texts)


def mistakes_of(submission: Submission) -> dict[str, str]:
    with pytest.raises(InvalidRequestError) as error:
        draw_up(submission, TERMS, order_id=OrderId("o1"), requester="requester-1", at=NOON)
    return {finding.pointer: finding.detail for finding in error.value.errors}


def test_mistakes_in_texts_are_found_with_all_others() -> None:
    found = mistakes_of(a_submission(customer="a\x00", note="\u202e", currency="USD"))

    assert list(found) == ["/customer", "/note", "/currency"]
    assert "U+0000 NULL at character 2" in found["/customer"]


def test_a_document_holds_texts_in_their_canonical_form() -> None:
    submission = a_submission(customer=" Mu\u0308ller ", note="one\r\ntwo")

    document = draw_up(submission, TERMS, order_id=OrderId("o1"), requester="requester-1", at=NOON)

    assert (document.customer, document.note) == ("Müller", "one\ntwo")
    assert document.fingerprint == a_submission(customer="Müller", note="one\ntwo").fingerprint_as_sent()


def test_a_canonical_submission_has_the_fingerprint_that_it_always_had() -> None:
    """Recorded before texts were normalized: a retry must find an order that was taken then."""
    submission = a_submission(customer="Müller [/Bau] GmbH", note="one\ntwo")

    assert submission.fingerprint() == "cbc68793f52dd818d76a668265ec32cfed54f794923d8e25c3456399213375bc"


@given(st.text(), st.none() | st.text())
def test_encodings_of_one_text_have_one_fingerprint(customer: str, note: str | None) -> None:
    """A text that was canonical already keeps the fingerprint that it had before texts were normalized."""
    sent = a_submission(customer=customer, note=note)
    decomposed = a_submission(customer=unicodedata.normalize("NFD", customer), note=note)

    assert sent.fingerprint() == decomposed.fingerprint() == sent.canonical().fingerprint_as_sent()


# --- messages ---------------------------------------------------------------------------------------------------------


ISOLATED = re.compile(f"{FSI}[^{FSI}{PDI}]*{PDI}")


def messages_about(text: str) -> list[tuple[str, str]]:
    """Every message about an order whose row has this text wherever a row can have one, with its order id replaced."""
    world = World()
    order_id = world.orders.create(
        register(a_document(customer=text, note=text, requester=text), A_REF, "arn:execution")
    ).order_id
    services, asking = world.services(), (MessageKind.REQUEST_DECISION, MessageKind.REMIND, MessageKind.ESCALATE)
    world.open_level(order_id)
    messages = [services.notification.send(order_id, kind, 1, 1) for kind in asking]
    services.approval.decide(order_id, rejection(reason=text))
    messages.append(services.notification.send(order_id, MessageKind.OUTCOME, 0, 0))
    return [(message.subject, message.body) for message in messages]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_forges_a_word_or_a_line_of_a_message(name: str) -> None:
    """What is left of a message without its isolated parts is the same whatever people wrote."""
    messages, plain = messages_about(HOSTILE[name].text), messages_about("acme")

    assert len(messages) == 4
    assert [tuple(ISOLATED.sub("*", part) for part in each) for each in messages] == [
        tuple(ISOLATED.sub("*", part) for part in each) for each in plain
    ]
    for subject, body in messages:
        assert "\n" not in subject
        assert body.count("\n") == 1
        assert "acme" not in ISOLATED.sub("*", subject + body)
        assert not set(ISOLATED.sub("*", subject + body)) & BIDI_CONTROLS


def test_the_amount_of_an_order_stands_outside_of_every_text() -> None:
    (subject, body), *_ = messages_about("acme \u202e00.1€ latot")

    for part in (subject, body):
        assert f"{FSI}acme <U+202E>00.1€ latot{PDI}, 147.00 EUR" in part
