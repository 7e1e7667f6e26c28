//! Secrets and parameters on the real local cloud: what functions read, what `secret set` sets, and that nothing is left.

use crate::cloud::Cloud;
use crate::ran::Ran;
use crate::terminal::in_terminal;
use provision::aws::Clients;
use std::io::Write;
use std::process::{Command, Stdio};

const STACK: &str = "stack: vault
parameters:
  /vault/level: info
  /vault/hosts: [a.example, b.example]
  /vault/token: { value: t0ken-of-mine, type: secure-string, description: 'Of ${stack}' }
secrets:
  vault/db: { value: { user: ada, password: p4ss-w0rd-of-db } }
  vault/drawn: { generate: { length: 24, exclude_punctuation: true } }
  vault/later: {}
functions:
  reader:
    code: reader
    runtime: python3.13
    environment: { DB: '${secrets[\"vault/db\"].name}', TOKEN: '${parameters[\"/vault/token\"].name}' }
    access: { vault/db: read, /vault/token: read }
api: { routes: { GET /: reader } }
checks:
  - { request: GET /, retry_for: 60, expect: { status: 200, body: { user: ada, token: 13 } } }
";

/// Reads both, and tells no more than it has to.
const CODE: &str = "import json, os
import boto3

def lambda_handler(event, context):
    secret = boto3.client('secretsmanager').get_secret_value(SecretId=os.environ['DB'])
    token = boto3.client('ssm').get_parameter(Name=os.environ['TOKEN'], WithDecryption=True)
    user = json.loads(secret['SecretString'])['user']
    return {'statusCode': 200, 'body': json.dumps({'user': user, 'token': len(token['Parameter']['Value'])})}
";

fn vault() -> Cloud {
    let cloud = Cloud::with(STACK);
    cloud.write("reader/lambda_function.py", CODE);
    cloud
}

async fn value(aws: &Clients, name: &str) -> Option<String> {
    let read = aws.secrets_manager().get_secret_value().secret_id(name).send().await;
    read.ok()?.secret_string
}

/// Runs a command that gets a text on its standard input.
fn piped(mut command: Command, input: &[u8]) -> Ran {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    // A command that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Ran::from(&command, output)
}

#[tokio::test]
async fn they_come_up_change_and_go_down() {
    let cloud = vault();
    let aws = cloud.aws().await;
    cloud.up();
    assert_eq!(cloud.plan().out.matches("No changes").count(), 1);
    let drawn = value(&aws, "vault/drawn").await.unwrap();
    assert_eq!(drawn.len(), 24);
    assert_eq!(value(&aws, "vault/db").await.unwrap(), r#"{"password":"p4ss-w0rd-of-db","user":"ada"}"#);
    cloud.edit("stack.yaml", "info", "debug");
    cloud.edit("stack.yaml", "p4ss-w0rd-of-db", "an0ther-p4ss-w0rd");
    cloud.edit("stack.yaml", "t0ken-of-mine", "t0ken-of-ours");
    let changed = cloud.up();
    assert!(changed.out.contains("info → debug") && !changed.out.contains("0ther"), "{changed}");
    assert!(value(&aws, "vault/db").await.unwrap().contains("an0ther-p4ss-w0rd"));
    assert_eq!(cloud.plan().out.matches("No changes").count(), 1);
    assert_eq!(value(&aws, "vault/drawn").await, Some(drawn));
    // What others set: that of the file is set again.
    let put = aws.secrets_manager().put_secret_value().secret_id("vault/db").secret_string("theirs");
    put.send().await.unwrap();
    aws.ssm().put_parameter().name("/vault/token").value("theirs").overwrite(true).send().await.unwrap();
    cloud.up();
    assert!(value(&aws, "vault/db").await.unwrap().contains("an0ther-p4ss-w0rd"));
    let names = ["/vault/level", "/vault/hosts", "/vault/token"].map(str::to_owned);
    let read = aws.ssm().get_parameters().set_names(Some(names.to_vec())).with_decryption(true);
    let read = read.send().await.unwrap();
    let mut values: Vec<&str> = read.parameters().iter().filter_map(|one| one.value()).collect();
    values.sort_unstable();
    assert_eq!(values, ["a.example,b.example", "debug", "t0ken-of-ours"]);
    cloud.down();
    assert_eq!(value(&aws, "vault/db").await, None);
    let read = aws.ssm().get_parameters().set_names(Some(names.to_vec())).send().await.unwrap();
    assert_eq!(read.invalid_parameters().len(), 3);
    // On the local cloud a secret is deleted at once, so it can be created again.
    cloud.up();
}

#[tokio::test]
async fn a_value_is_set_from_standard_input_or_typed() {
    let cloud = vault();
    let set = |name: &str| cloud.command(&["secret", "set", name, "--local"]);
    piped(set("vault/later"), b"s3cret-1")
        .fails()
        .says("secret vault/later does not exist yet")
        .says("provision up");
    cloud.up();
    let aws = cloud.aws().await;
    for (input, expected) in
        [("s3cret-1\n", "s3cret-1"), ("line 1\nline 2\n", "line 1\nline 2"), ("s3cret-2", "s3cret-2")]
    {
        let ran = piped(set("vault/later"), input.as_bytes()).ok();
        assert!(
            ran.out.contains("Set the value of secret vault/later.") && !ran.out.contains("s3cret"),
            "{ran}"
        );
        assert_eq!(value(&aws, "vault/later").await.as_deref(), Some(expected));
        assert_eq!(cloud.plan().out.matches("No changes").count(), 1, "it is nobody's but who set it");
    }
    let json = piped(cloud.command(&["secret", "set", "vault/drawn", "--local", "--json"]), b"s3cret-3").ok();
    let documents = json.documents();
    assert_eq!(documents[1]["type"], "value_set");
    assert_eq!((&documents[1]["kind"], &documents[1]["name"]), (&"secret".into(), &"vault/drawn".into()));
    assert!(!json.out.contains("s3cret-3"));
    assert_eq!(value(&aws, "vault/drawn").await.as_deref(), Some("s3cret-3"));
    for (name, input, says) in [
        ("vault/db", &b"s"[..], "stack.yaml gives the value of `vault/db`"),
        ("vault/latr", b"s", "there is no secret `vault/latr`"),
        ("vault/later", b"", "the value is empty"),
        ("vault/later", b"\n", "the value is empty"),
        ("vault/later", b"\xff\xfe", "the value is not text in UTF-8"),
        ("vault/later", &[b's'; 65_537], "AWS allows 65536"),
    ] {
        piped(set(name), input).ends(64).says(says);
    }
    // In a terminal it is asked for twice, and not shown.
    let typed = |input: &str| piped(in_terminal(&set("vault/later")), input.as_bytes());
    let ran = typed("typed-s3cret\ntyped-s3cret\n").ok();
    assert!(ran.out.contains("Value of vault/later (not shown):") && ran.out.contains("Once more:"), "{ran}");
    assert_eq!(value(&aws, "vault/later").await.as_deref(), Some("typed-s3cret"));
    typed("one-s3cret\nother-s3cret\n").ends(64).says("the two values differ");
    assert_eq!(value(&aws, "vault/later").await.as_deref(), Some("typed-s3cret"));
    cloud.down();
}
