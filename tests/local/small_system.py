"""A small system of its own for the local stack's tests: two plain functions, a table, a topic and a rule."""

import textwrap
from pathlib import Path

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  WaitSeconds: {Type: Number, Default: 60, MinValue: 1, MaxValue: 3600}
  LogLevel: {Type: String, Default: INFO, AllowedValues: [DEBUG, INFO]}
  Origins: {Type: CommaDelimitedList, Default: "https://a.example,https://b.example"}
Mappings:
  Limits: {local: {Memory: 256}}
Conditions:
  Verbose: !Equals [!Ref LogLevel, DEBUG]
  Quiet: !Not [!Condition Verbose]
  Never: !And [!Condition Verbose, !Condition Quiet]
Globals:
  Function:
    Runtime: python3.13
    Timeout: 5
    AutoPublishAlias: live
    LoggingConfig: {LogFormat: JSON}
    MemorySize: !FindInMap [Limits, local, Memory]
    Environment:
      Variables:
        LEVEL: !Ref LogLevel
        SHARED: from-globals
Resources:
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layer}
  Pages:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Jwt
        Authorizers:
          Jwt:
            AuthorizationScopes: [sign.in]
            IdentitySource: $request.header.Authorization
            JwtConfiguration: {issuer: "https://issuer.example/pool", audience: [client-1]}
      DefaultRouteSettings: {ThrottlingRateLimit: 50, ThrottlingBurstLimit: 75}
      CorsConfiguration:
        AllowOrigins: !Ref Origins
        AllowHeaders: [Authorization, Content-Type]
        MaxAge: 300
  Greeter:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: greeter.handler.handler
      Layers: [!Ref Layer]
      Environment:
        Variables:
          TABLE: !Ref Things
          TOPIC: !Ref News
          WORKER: !Ref Worker.Alias
          SENTENCE: !Sub "${AWS::Region} waits ${WaitSeconds}s, ${!literally}"
          MOOD: !If [Verbose, talkative, !If [Quiet, quiet, odd]]
          GONE: !If [Verbose, here, !Ref AWS::NoValue]
          JOINED: !Join ["-", [a, !Select [1, !Split [",", "x,b"]]]]
      Events:
        Health:
          Type: HttpApi
          Properties: {ApiId: !Ref Pages, Path: /health, Method: GET, Auth: {Authorizer: NONE}}
        Greet: {Type: HttpApi, Properties: {ApiId: !Ref Pages, Path: "/greet/{name}", Method: post}}
        Rest: {Type: HttpApi, Properties: {ApiId: !Ref Pages, Path: $default, Auth: {Authorizer: NONE}}}
        News: {Type: SNS, Properties: {Topic: !Ref News}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: worker.handler.handler
      Timeout: 2
      AutoPublishAlias: live
      DurableConfig: {ExecutionTimeout: 3600, RetentionPeriodInDays: 7}
  Things:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: N}
        - {AttributeName: kind, AttributeType: S}
      KeySchema:
        - {AttributeName: pk, KeyType: HASH}
        - {AttributeName: sk, KeyType: RANGE}
      GlobalSecondaryIndexes:
        - IndexName: kinds
          KeySchema: [{AttributeName: kind, KeyType: HASH}]
          Projection: {ProjectionType: KEYS_ONLY}
      TimeToLiveSpecification: {AttributeName: expiresAt, Enabled: true}
  Papers:
    Type: AWS::S3::Bucket
  News:
    Type: AWS::SNS::Topic
    Properties:
      Subscription: [{Protocol: email, Endpoint: someone@example.com}]
  DeadLetters:
    Type: AWS::SQS::Queue
  OnFailure:
    Type: AWS::Events::Rule
    Properties:
      EventPattern:
        source: [aws.lambda]
        detail: {functionArn: [{prefix: !Sub "${Worker.Arn}:"}]}
      Targets:
        - Id: greeter
          Arn: !Ref Greeter.Alias
          DeadLetterConfig: {Arn: !GetAtt DeadLetters.Arn}
          RetryPolicy: {MaximumRetryAttempts: 4}
  Unused:
    Type: AWS::DynamoDB::Table
    Condition: Never
    Properties: {}
  Dashboard:
    Type: AWS::CloudWatch::Dashboard
    Properties: {DashboardBody: !Anything {whatever: [1, 2]}}
  Headers:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        SecurityHeadersConfig:
          ContentSecurityPolicy: {ContentSecurityPolicy: "default-src 'self'", Override: true}
          ContentTypeOptions: {Override: true}
          FrameOptions: {FrameOption: DENY, Override: true}
        CustomHeadersConfig:
          Items: [{Header: Permissions-Policy, Value: "camera=()", Override: true}]
"""

GREETER = '''
"""Answers what it was asked, in the ways the tests need."""

import json
import logging
import os
import sys
import time

from layered import SIGNATURE


def handler(event, context):
    """Do what the event says."""
    for record in event.get("Records", ()):
        print(json.dumps(record["Sns"]), flush=True)
    match event.get("do"):
        case "raise":
            raise ValueError("no such greeting")
        case "sleep":
            time.sleep(event["seconds"])
        case "die":
            os._exit(event["status"])
        case "print":
            print("a line of output", flush=True)
            sys.stderr.write("and one of errors\\n")
        case "log":
            try:
                1 / 0
            except ZeroDivisionError:
                logging.getLogger("library").exception("it %s", "broke", extra={"order": "o-1"})
        case "log-info":
            logging.getLogger("library").info("it works")
        case "fill":
            return "x" * event["bytes"]
        case "unserialisable":
            return {"what": object()}
    seen = {
        "signature": SIGNATURE,
        "pid": os.getpid(),
        "environment": dict(os.environ),
        "function": context.function_name,
        "version": context.function_version,
        "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
    }
    if "routeKey" in event:
        return {"statusCode": 200, "body": json.dumps(seen | {"route": event["routeKey"]})}
    return seen
'''

WORKER = '''
"""Echoes, in a function of its own."""


def handler(event, context):
    """Give back the event."""
    return {"echo": event}
'''


def write(folder: Path, template: str = TEMPLATE) -> Path:
    """Put the system into a folder and return its template file."""
    files = {
        "template.yaml": template,
        "code/greeter/handler.py": GREETER,
        "code/worker/handler.py": WORKER,
        "layer/layered/__init__.py": 'SIGNATURE = "from the layer"\n',
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(content), encoding="utf-8")
    return folder / "template.yaml"
