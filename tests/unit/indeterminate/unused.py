def handler(event, context):
    return event  # replay-safe: there is nothing here to excuse, and the comment says so  # trips: unused
