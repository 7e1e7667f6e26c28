//! Errors of roles and their managed policies.

use super::{check, check_each, function, valid};
use crate::kinds::role::managed::ManagedPolicy;

#[test]
fn managed_policies() {
    let many: Vec<String> = (0..11).map(|number| format!("Policy{number}")).collect();
    check_each(
        "managed_policies",
        function,
        &[
            "managed_policies: AWSXRayDaemonWriteAccess",
            "managed_policies: [upload]",
            "managed_policies: [service-role/]",
            "managed_policies: [\"arn:aws:iam::123456789012:role/x\"]",
            "managed_policies: [AWSXRayDaemonWriteAccess, ReadOnlyAccess, AWSXRayDaemonWriteAccess]",
            &format!("managed_policies: [{}]", many.join(", ")),
        ],
    );
    let arn = "arn:aws:iam::123456789012:policy/a/b";
    let stack = valid(&function(&format!("managed_policies: [service-role/AWSLambdaRole, \"{arn}\"]")));
    let aws = ManagedPolicy::Aws("service-role/AWSLambdaRole".to_owned());
    assert_eq!(stack.functions()[0].managed_policies, [aws, ManagedPolicy::Arn(arn.to_owned())]);
}

#[test]
fn roles() {
    let of = |roles: &str, function: &str| {
        let roles = roles.replace('\n', "\n    ");
        let f = format!("f: {{ code: code, runtime: python3.13, {function} }}");
        format!("stack: demo\nroles:\n  shared:\n    {roles}\nfunctions:\n  {f}\n")
    };
    let cases = [
        of("trust: []", "role: shared"),
        of("trust: stepfunctions", "role: shared"),
        of("trust: [lambda, Lambda, \"*\", \"arn:aws:iam::111122223333:group/x\"]", "role: shared"),
        of(
            "trust: [{ Effect: Allow, Principal: { Service: x.amazonaws.com }, Resource: \"*\" }]",
            "role: shared",
        ),
        of("trust: states", "role: shared"),
        of("max_session_duration: 30 minutes", "role: shared"),
        of("max_session_duration: 13 hours", "role: shared"),
        of("managed_policies: [upload]", "role: shared"),
        of("policies: []", "role: shared"),
        of("{}", "role: share"),
        of("{}", "role: \"arn:aws:iam::1:role/x\""),
        of("{}", "role: shared, access: {}, policy: [], managed_policies: []"),
        of("{}", "description: x\n  f_role: { code: code, runtime: python3.13 }")
            .replace("shared:", "f_role:"),
        of("{}", "timeout: 5").replace("shared:", "F_Role:"),
        "stack: demo\nroles: { shared: {}, Shared: {} }\n".to_owned(),
        "stack: demo\nroles: { \"a b\": {}, c: { existing: \"arn:aws:iam::111122223333:user/x\" } }\n"
            .to_owned(),
    ];
    check("roles", &cases.each_ref().map(String::as_str));
}

#[test]
fn a_role_of_others_has_any_path() {
    let arn = "arn:aws:iam::111122223333:role/a/b/worker";
    let stack = valid(&format!(
        "stack: demo\nroles: {{ one: {{ existing: \"{arn}\" }}, two: {{ existing: other }} }}\n\
         functions: {{ f: {{ code: code, runtime: python3.13, role: one }} }}\n"
    ));
    let names: Vec<&str> = stack.existing.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["worker", "other"]);
}

#[test]
fn policies_of_the_stack() {
    let of = |policy: &str, function: &str| {
        let f = format!("f: {{ code: code, runtime: python3.13, {function} }}");
        format!(
            "stack: demo\ntables: {{ notes: {{ partition_key: id }} }}\npolicies:\n  upload: {policy}\nfunctions:\n  {f}\n"
        )
    };
    let roles: Vec<String> = (0..21).map(|number| format!("role{number}")).collect();
    let cases = [
        of("{}", "timeout: 5"),
        of("{ access: {}, policy: [] }", "timeout: 5"),
        of("{ access: { u: read } }", "timeout: 5"),
        of("{ access: { notes: send } }", "timeout: 5"),
        of("{ policy: [{ Effect: Allow, Action: s3:GetObject }] }", "timeout: 5"),
        of("{ access: { notes: read }, attach_to: operator }", "timeout: 5"),
        of(
            "{ access: { notes: read }, attach_to: [\"arn:aws:iam::111122223333:role/staff/operator\"] }",
            "timeout: 5",
        ),
        of("{ access: { notes: read }, attach_to: [staff/operator, \"\"] }", "timeout: 5"),
        of("{ access: { notes: read }, attach_to: [operator, Operator] }", "timeout: 5"),
        of(&format!("{{ access: {{ notes: read }}, attach_to: [{}] }}", roles.join(", ")), "timeout: 5"),
        of(&format!("{{ access: {{ notes: read }}, description: {} }}", "d".repeat(1_001)), "timeout: 5"),
        of("{ access: { notes: read }, path: /a/ }", "timeout: 5"),
        of("{ access: { notes: read } }", "managed_policies: [uploads]"),
        of("{ access: { notes: read } }", "managed_policies: [upload, upload]"),
        of("{ access: { notes: read }, only: [prod] }", "managed_policies: [upload]"),
        of("{ access: { notes: read } }", "environment: { PP: \"${policies.upload.id}\" }"),
        of("{ access: { notes: read } }", "timeout: 5").replace("  upload:", "  a b:"),
        of("{ access: { notes: read } }\n  Upload: { access: { notes: read } }", "timeout: 5"),
    ];
    check("policies_of_the_stack", &cases.each_ref().map(String::as_str));
}

#[test]
fn a_role_names_policies_of_the_stack() {
    let stack = valid(
        "stack: demo\ntables: { notes: { partition_key: id } }\n\
         policies: { upload: { access: { notes: write }, attach_to: [operator, \"a,b\"], description: \"Of ${stack}\" } }\n\
         roles: { one: { managed_policies: [upload, ReadOnlyAccess] } }\n\
         functions: { f: { code: code, runtime: python3.13, managed_policies: [upload], environment: { PP: '${policies.upload.arn}' } } }\n",
    );
    assert_eq!(stack.functions()[0].managed_policies, [ManagedPolicy::Key("upload".to_owned())]);
}
