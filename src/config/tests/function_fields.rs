//! Errors of the fields of functions, and of what these have in common with other entries.

use super::check;

/// A function `f` with these lines, and two queues.
fn function(lines: &str) -> String {
    let lines = lines.replace('\n', "\n    ");
    let queues = "queues:\n  jobs: {}\n  mails: { fifo: true }\n";
    format!("stack: demo\n{queues}functions:\n  f:\n    {lines}\n")
}

/// The same with code.
fn with_code(lines: &str) -> String {
    function(&format!("code: code\nruntime: python3.13\n{lines}"))
}

#[test]
fn fields_of_images() {
    let of = |lines: &str| function(lines);
    let uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop";
    let cases = [
        of("image: shop:1"),
        of(&format!("image: {uri}")),
        of("image: { command: [run] }"),
        of(&format!("image: {uri}:1\nruntime: python3.13\nhandler: app.run")),
        of("memory: 256"),
    ];
    check("function_images", &cases.each_ref().map(String::as_str));
}

#[test]
fn fields_of_networks_and_logs() {
    let of = |lines: &str| with_code(lines);
    let point = "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0123456789abcdef0";
    let vpc = "vpc: { subnets: [subnet-1], security_groups: [sg-1] }";
    let cases = [
        of("vpc: { subnets: [], security_groups: [sg-1] }"),
        of("vpc: { subnets: [subnet-1, subnet-1], security_groups: [mine] }"),
        of("vpc: { subnets: [subnet-1] }"),
        of(&format!("file_system: {{ arn: \"{point}\", path: /mnt/data }}")),
        of(&format!("{vpc}\nfile_system: {{ arn: \"arn:aws:s3:::mine\", path: /data }}")),
        of("kms_key: alias/mine"),
        of("code_signing: csc-1"),
        of("logging: { level: info }"),
        of("logging: { format: JSON, system_level: error }"),
        of("logging: { group: /aws/lambda/other }"),
        of("logging: { group: aws/mine }"),
        of("logging: { group: \"a b\" }"),
        of("recursive_loop: true"),
        of("durable: { retention: 91 }"),
    ];
    check("function_networks", &cases.each_ref().map(String::as_str));
}

#[test]
fn snapshots() {
    let of = |runtime: &str, lines: &str| {
        function(&format!(
            "code: code\nhandler: lambda_function.run\nruntime: {runtime}\nsnap_start: true\n{lines}"
        ))
    };
    let cases = [of("python3.11", ""), of("nodejs22.x", ""), of("python3.13", "ephemeral_storage: 1024")];
    check("function_snapshots", &cases.each_ref().map(String::as_str));
}

#[test]
fn destinations() {
    let of = |settings: &str| with_code(&format!("async: {{ {settings} }}"));
    let cases = [
        of("retries: 3"),
        of("max_age: 30 seconds"),
        of("on_failure: job"),
        of("on_failure: mails"),
        of("on_success: f"),
        of("dead_letter: \"arn:aws:lambda:eu-west-1:123456789012:function:g\""),
        of("on_success: \"arn:aws:s3:::mine\""),
        of("on_failure: \"arn:aws:dynamodb:eu-west-1:123456789012:table/t\""),
        of("on_failure: \"arn:mine\""),
    ];
    check("function_destinations", &cases.each_ref().map(String::as_str));
}

#[test]
fn functions_together() {
    let two = |one: &str, other: &str| {
        let function = |name: &str, more: &str| {
            format!("  {name}: {{ code: code, runtime: python3.13, logging: {{ group: /all }}{more} }}\n")
        };
        format!("stack: demo\nfunctions:\n{}{}", function("one", one), function("other", other))
    };
    let cases = [two("", ", log_retention: 7"), two(", access: { other: call }", "")];
    check("functions_together", &cases.each_ref().map(String::as_str));
}

#[test]
fn urls() {
    let of = |url: &str| with_code(&format!("url: {url}"));
    let two = |other: &str| {
        let function =
            |name: &str, more: &str| format!("  {name}: {{ code: code, runtime: python3.13, {more} }}\n");
        let knows = |name: &str| format!("environment: {{ URL: \"${{functions.{name}.url}}\" }}");
        format!("stack: demo\nfunctions:\n{}{other}\n", function("f", &format!("url: iam, {}", knows("g"))))
    };
    let cases = [
        of("AWS_IAM"),
        of("public"),
        of("true"),
        of("{ stream: false }"),
        of("{ auth: iam, stream: true }"),
        of("{ auth: none, cors: { origins: [\"*\"], methods: [GET, OPTIONS] } }"),
        of("{ auth: none, cors: { origins: [\"*\"], max_age: -1 } }"),
        with_code("url: none\nenvironment: { URL: \"${functions.f.url}\" }"),
        two("  g: { code: code, runtime: python3.13 }"),
        two(
            "  g: { code: code, runtime: python3.13, url: none, environment: { URL: \"${functions.f.url}\" } }",
        ),
        two("  g: { existing: theirs }"),
    ];
    check("function_urls", &cases.each_ref().map(String::as_str));
}
