"""Tests of what is open at AWS and so is open here, and of what is close to it and is not.

Usage: open.py URL, that of a local cloud, with its credentials in `AWS_SHARED_CREDENTIALS_FILE`.
"""

import http.client
import io
import json
import sys
import unittest
import zipfile
from contextlib import closing
from urllib.parse import urlencode, urlsplit

import boto3
from botocore.config import Config

CLOUD = sys.argv.pop(1)
PORT = urlsplit(CLOUD).port
PAGE, OTHER = "https://shop.example", "https://rebound.example"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]})


def client(service, **settings):
    return boto3.client(service, endpoint_url=CLOUD, region_name="us-east-1", config=Config(**settings))


def ask(method, path, body=b"", host=f"127.0.0.1:{PORT}", **headers):
    """Status, headers in lower case, and body of a response to a request that nothing signs."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(http.client.HTTPConnection("127.0.0.1", PORT)) as connection:
        connection.request(method, path, body, {"Host": host, **names})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def of(url):
    """The path and the query of a URL."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class Objects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s3 = client("s3")
        for bucket in ("private", "shared", "public"):
            cls.s3.create_bucket(Bucket=bucket)
            cls.s3.put_object(Bucket=bucket, Key="a b/ü", Body=b"text")
        cls.s3.put_bucket_cors(Bucket="shared", CORSConfiguration={"CORSRules": [
            {"AllowedOrigins": [PAGE], "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["*"]}]})
        cls.s3.delete_public_access_block(Bucket="public")
        cls.s3.put_bucket_policy(Bucket="public", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::public/*"}]}))

    def url(self, version, action="get_object", bucket="shared", key="a b/ü", seconds=60):
        signer = client("s3", signature_version=version, s3={"addressing_style": "path"})
        return of(signer.generate_presigned_url(action, Params={"Bucket": bucket, "Key": key}, ExpiresIn=seconds))

    def test_a_presigned_url_opens_one_object_for_one_method(self):
        for version in ("s3v4", "s3"):
            self.assertEqual(ask("GET", self.url(version))[::2], (200, b"text"))
            self.assertEqual(ask("PUT", self.url(version, "put_object", key="new"), b"more")[0], 200)
            self.assertEqual(self.s3.get_object(Bucket="shared", Key="new")["Body"].read(), b"more")
            self.assertEqual(ask("PUT", self.url(version), b"x")[0], 403)
            self.assertEqual(ask("GET", self.url(version).replace("/shared/", "/private/"))[0], 403)
            self.assertEqual(ask("GET", self.url(version)[:-9])[0] // 100, 4)

    def test_presigned_urls_are_for_pages_as_the_cors_of_the_bucket_says(self):
        for version in ("s3v4", "s3"):
            status, headers, _ = ask("PUT", self.url(version, "put_object", key="page"), b"x", Origin=PAGE)
            self.assertEqual((status, headers.get("access-control-allow-origin")), (200, PAGE))
            status, headers, _ = ask("GET", self.url(version), Origin=OTHER)
            self.assertEqual((status, headers.get("access-control-allow-origin")), (200, None))
        wanted = {"Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "content-type"}
        status, headers, _ = ask("OPTIONS", "/shared/page", Origin=PAGE, **wanted)
        self.assertEqual((status, headers["access-control-allow-origin"]), (200, PAGE))
        for path, origin in (("/shared/page", OTHER), ("/private/page", PAGE), ("/none/page", PAGE), ("/", PAGE)):
            status, headers, _ = ask("OPTIONS", path, Origin=origin, **wanted)
            self.assertEqual((status, headers.get("access-control-allow-origin")), (403, None), path)

    def test_a_bucket_named_by_the_host_is_the_same(self):
        host = f"shared.s3.localhost:{PORT}"
        signer = boto3.client("s3", endpoint_url=f"http://s3.localhost:{PORT}", region_name="us-east-1",
                              config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
        url = signer.generate_presigned_url("get_object", Params={"Bucket": "shared", "Key": "a b/ü"})
        self.assertEqual(urlsplit(url).netloc, host)
        status, headers, body = ask("GET", of(url), host=host, Origin=PAGE)
        self.assertEqual((status, headers.get("access-control-allow-origin"), body), (200, PAGE, b"text"))
        self.assertEqual(ask("GET", of(url).replace("%C3%BC", "x"), host=host)[0], 403)
        self.assertEqual(ask("GET", "/a%20b/%C3%BC", host=host)[0], 403)
        self.assertEqual(ask("PUT", "/", host=f"mallory.s3.localhost:{PORT}")[0], 403)

    def test_without_a_signature_the_bucket_decides(self):
        self.assertEqual(ask("GET", "/public/a%20b/%C3%BC", Origin=OTHER)[::2], (200, b"text"))
        self.assertEqual(ask("GET", "/a%20b/%C3%BC", host=f"public.s3.localhost:{PORT}")[0], 200)
        refused = [("PUT", "/public/new"), ("DELETE", "/public/a%20b/%C3%BC"), ("GET", "/public"),
                   ("PUT", "/public?policy"), ("DELETE", "/public"), ("GET", "/private/a%20b/%C3%BC"),
                   ("PUT", "/private/new"), ("PUT", "/mallory"), ("GET", "/"), ("POST", "/public?delete")]
        for method, path in refused:
            self.assertEqual(ask(method, path, b"x" if method != "GET" else b"")[0] // 100, 4, (method, path))
            forged = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, "
                                       "SignedHeaders=host, Signature=0"}
            self.assertEqual(ask(method, path, **forged)[0] // 100, 4, (method, path))
        self.assertEqual(self.s3.get_object(Bucket="public", Key="a b/ü")["Body"].read(), b"text")

    def test_a_form_uploads_what_its_policy_allows(self):
        form = client("s3", signature_version="s3v4").generate_presigned_post("private", "form/x")

        def post(fields):
            parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                     for name, value in {**fields, "file": "hello"}.items()]
            body = ("".join(parts) + "--b--\r\n").encode()
            return ask("POST", "/private", body, Origin=OTHER, Content_Type="multipart/form-data; boundary=b")[0]

        self.assertEqual(post(form["fields"]), 204)
        self.assertEqual(self.s3.get_object(Bucket="private", Key="form/x")["Body"].read(), b"hello")
        for change in ({"key": "other"}, {"x-amz-signature": "0" * 64}, {"policy": "e30="}):
            self.assertEqual(post({**form["fields"], **change}) // 100, 4, change)
        unsigned = {name: value for name, value in form["fields"].items() if name == "key"}
        self.assertEqual(post(unsigned) // 100, 4)
        key = form["fields"]["x-amz-credential"].split("/")[0]
        for test in ("test", key):
            fields = {**form["fields"], "x-amz-signature": "0", "x-amz-credential":
                      form["fields"]["x-amz-credential"].replace(key, test)}
            self.assertEqual(post(fields) // 100, 4)


class FunctionUrls(unittest.TestCase):
    def test_they_answer_anyone_or_the_signed_as_they_are_set_up(self):
        role = client("iam").create_role(RoleName="open", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
            archive.writestr("open.py", "def handler(event, context):\n    return 'called'\n")
        functions = client("lambda")
        for name, kind, expected in (("anyone", "NONE", 200), ("signed", "AWS_IAM", 403)):
            functions.create_function(FunctionName=name, Runtime="python3.13", Role=role, Handler="open.handler",
                                      Code={"ZipFile": buffer.getvalue()})
            functions.get_waiter("function_active_v2").wait(FunctionName=name)
            url = functions.create_function_url_config(FunctionName=name, AuthType=kind)["FunctionUrl"]
            identity = urlsplit(url).netloc.split(".")[0]
            self.assertEqual(ask("GET", f"/_aws/lambda-url/{identity}/", Origin=OTHER)[0], expected)
            host = f"{identity}.lambda-url.us-east-1.localhost:{PORT}"
            self.assertEqual(ask("GET", "/", host=host)[0], expected)
            self.assertEqual(ask("POST", "/2015-03-31/functions", host=host)[0], expected)
        forged = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, "
                                   "SignedHeaders=host, Signature=0"}
        self.assertEqual(ask("GET", "/", host=host, **forged)[0] // 100, 4)
        names = {one["FunctionName"] for one in functions.list_functions()["Functions"]}
        self.assertEqual(names, {"anyone", "signed"})


class UserPools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.idp = client("cognito-idp")
        cls.pool = cls.idp.create_user_pool(PoolName="people")["UserPool"]["Id"]
        app = cls.idp.create_user_pool_client(UserPoolId=cls.pool, ClientName="shop",
                                              ExplicitAuthFlows=["USER_PASSWORD_AUTH"])
        cls.app = app["UserPoolClient"]["ClientId"]

    def call(self, operation, fields, **headers):
        target = f"AWSCognitoIdentityProviderService.{operation}"
        return ask("POST", "/", json.dumps(fields), Origin=PAGE, Content_Type="application/x-amz-json-1.1",
                   X_Amz_Target=target, **headers)

    def test_people_sign_up_and_in_from_a_page(self):
        preflight = {"Access_Control_Request_Method": "POST",
                     "Access_Control_Request_Headers": "content-type,x-amz-target"}
        self.assertEqual(ask("OPTIONS", "/", Origin=PAGE, **preflight)[1]["access-control-allow-origin"], "*")
        name = {"Username": "ann", "Password": "Secret-12345"}
        status, headers, _ = self.call("SignUp", {"ClientId": self.app, **name})
        self.assertEqual((status, headers.get("access-control-allow-origin")), (200, "*"))
        self.idp.admin_confirm_sign_up(UserPoolId=self.pool, Username="ann")
        status, _, body = self.call("InitiateAuth", {
            "ClientId": self.app, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": "ann", "PASSWORD": name["Password"]}})
        self.assertEqual(status, 200)
        token = json.loads(body)["AuthenticationResult"]["AccessToken"]
        self.assertEqual(json.loads(self.call("GetUser", {"AccessToken": token})[2])["Username"], "ann")

    def test_administration_needs_a_signature(self):
        for operation, fields in (("AdminCreateUser", {"Username": "eve"}), ("DescribeUserPool", {}),
                                  ("DeleteUserPool", {}), ("ListUsers", {}), ("InitiateAuth.AdminDeleteUser", {}),
                                  ("InitiateAuth, x.DeleteUserPool", {})):
            status, headers, _ = self.call(operation, {"UserPoolId": self.pool, **fields})
            self.assertEqual((status // 100, headers.get("access-control-allow-origin")), (4, None), operation)
        self.assertEqual(len(self.idp.list_user_pools(MaxResults=9)["UserPools"]), 1)

    def test_keys_and_pages_are_open(self):
        for page in ("jwks.json", "openid-configuration"):
            status, headers, body = ask("GET", f"/{self.pool}/.well-known/{page}", Origin=PAGE)
            self.assertEqual((status, headers.get("access-control-allow-origin")), (200, "*"))
            self.assertTrue(json.loads(body))
        status, headers, body = ask("POST", "/oauth2/token", urlencode({"grant_type": "authorization_code"}),
                                    Origin=PAGE, Content_Type="application/x-www-form-urlencoded")
        self.assertEqual((status, headers.get("access-control-allow-origin")), (400, "*"), body)
        for path in (f"/oauth2/authorize?client_id={self.app}", "/oauth2/idpresponse", "/logout"):
            self.assertNotEqual(ask("GET", path)[0], 403, path)


if __name__ == "__main__":
    unittest.main()
