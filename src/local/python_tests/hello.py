"""A table with one item, a function that reads it as its role allows, and an API in front; prints the API's id.

At `/slow` the function leaves a file `slow` in the folder for temporary files, and works for ten minutes.
"""

import io
import json
import sys
import zipfile

import boto3


def client(name):
    return boto3.client(name, endpoint_url=sys.argv[1], region_name="us-east-1")


table, roles, functions, apis = map(client, ["dynamodb", "iam", "lambda", "apigatewayv2"])
arn = table.create_table(TableName="words", BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "word", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "word", "AttributeType": "S"}])["TableDescription"]["TableArn"]
table.put_item(TableName="words", Item={"word": {"S": "hello"}})
role = roles.create_role(RoleName="hello_role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
allow = {"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": arn}
roles.put_role_policy(RoleName="hello_role", PolicyName="read",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
code = """
import boto3, os, time
def handler(event, context):
    if event["rawPath"].endswith("/slow"):
        open(os.environ["TMPDIR"] + "/slow", "w").close()
        time.sleep(600)
    return boto3.client("dynamodb").scan(TableName="words")["Items"][0]["word"]["S"]
"""
with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
    archive.writestr("hello.py", code)
function = functions.create_function(FunctionName="hello", Runtime="python3.13", Role=role, Handler="hello.handler",
    Timeout=900, Code={"ZipFile": buffer.getvalue()})["FunctionArn"]
api = apis.create_api(Name="hello", ProtocolType="HTTP")["ApiId"]
target = apis.create_integration(ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function,
    PayloadFormatVersion="2.0")["IntegrationId"]
apis.create_route(ApiId=api, RouteKey="GET /{word}", Target="integrations/" + target)
apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
print(api)
