"""Pictures of a page with at most 256 colors: a third of the bytes, and nothing that the eye would miss.

The browser that took the picture counts its colors; the PNG is written here.
"""

from __future__ import annotations

import base64
import struct
import zlib

from playwright.sync_api import Page

COLORS = 256
APART = 10
COUNT = """async ([data, size, apart]) => {
    const image = Object.assign(new Image(), {src: `data:image/png;base64,${data}`});
    await image.decode();
    const {naturalWidth: width, naturalHeight: height} = image;
    const canvas = new OffscreenCanvas(width, height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const pixels = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer);
    const counts = new Map();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    const colors = [...counts].sort((a, b) => b[1] - a[1]).map(([pixel]) => pixel);
    const channels = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
    const palette = [], places = new Map();
    const far = ([r, g, b], [x, y, z]) => (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2;
    for (const pixel of colors) {
        const color = channels(pixel), distances = palette.map((each) => far(color, each));
        const least = Math.min(...distances);
        const isNew = palette.length < size && least > apart ** 2;
        places.set(pixel, isNew ? palette.push(color) - 1 : distances.indexOf(least));
    }
    const indices = Uint8Array.from(pixels, (pixel) => places.get(pixel));
    let text = "";
    for (let at = 0; at < indices.length; at += 32768) text += String.fromCharCode(...indices.subarray(at, at + 32768));
    return {width, height, palette: palette.flat(), indices: btoa(text)};
}"""


def with_few_colors(page: Page, picture: bytes) -> bytes:
    """Return the PNG with its most frequent colors that differ; every other pixel gets the nearest of them."""
    found = page.evaluate(COUNT, [base64.b64encode(picture).decode(), COLORS, APART])
    width, height, indices = found["width"], found["height"], base64.b64decode(found["indices"])
    rows = b"".join(b"\0" + indices[start : start + width] for start in range(0, width * height, width))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # eight bits a pixel, each a place in the palette
    chunks = {b"IHDR": header, b"PLTE": bytes(found["palette"]), b"IDAT": zlib.compress(rows, 9), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks.items())


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
