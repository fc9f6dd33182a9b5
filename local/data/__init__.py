"""DynamoDB, S3, SNS and SQS on the laptop: moto answers, and a journal of ours remembers.

Run it with `python -m local.data`; AWS clients reach it through their endpoint settings.
"""
