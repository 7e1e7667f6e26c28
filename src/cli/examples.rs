//! The examples at the end of each command's help.

pub(crate) const PROGRAM: &str = "\
Examples:
  provision init blog    # a stack to begin with
  provision up --local   # all of it on this machine, without an account
  provision plan         # what would change in AWS
  provision help up      # everything about one command";

pub(crate) const INIT: &str = "\
Examples:
  provision init blog --runtime node
  provision init && provision up --local   # in this folder";

pub(crate) const UP: &str = "\
Examples:
  provision up --local         # on this machine, without an account
  provision up --env dev       # shows the plan, and asks
  provision up --yes --check   # where nobody can be asked
  provision up --watch         # and again at each save, asked once";

pub(crate) const DEV: &str = "\
Examples:
  provision dev           # then edit, and see it live; Ctrl-C to leave
  provision dev --check   # with the stack's checks after each change";

pub(crate) const PLAN: &str = "\
Examples:
  provision plan
  provision plan --env prod --out plan.json
  provision plan --markdown > comment.md";

pub(crate) const DOWN: &str = "\
Examples:
  provision down --local
  provision down --env dev --allow-data-loss notes
  provision down --stack blog --yes   # without its stack file";

pub(crate) const STATUS: &str = "\
Examples:
  provision status
  provision status --env prod --json";

pub(crate) const OUTPUTS: &str = "\
Examples:
  provision outputs
  curl \"$(provision outputs api.url)/items\"";

pub(crate) const VALIDATE: &str = "\
Examples:
  provision validate
  provision validate --file other/stack.yaml --env prod";

pub(crate) const SCHEMA: &str = "\
Examples:
  provision schema > stack.schema.json";

pub(crate) const CHECK: &str = "\
Examples:
  provision check --local
  provision check --env test";

pub(crate) const COMPLETIONS: &str = "\
Examples:
  source <(provision completions bash)
  provision completions fish > ~/.config/fish/completions/provision.fish";

pub(crate) const MAN: &str = "\
Examples:
  provision man > provision.1 && man ./provision.1";

pub(crate) const IAM_POLICY: &str = "\
Examples:
  provision iam-policy --account 123456789012 > policy.json
  provision iam-policy plan --env prod   # only to look";

pub(crate) const LOCAL: &str = "\
Examples:
  provision local status
  provision local reset";

pub(crate) const LOCAL_START: &str = "\
Examples:
  provision local start";

pub(crate) const LOCAL_STOP: &str = "\
Examples:
  provision local stop";

pub(crate) const LOCAL_STATUS: &str = "\
Examples:
  provision local status";

pub(crate) const LOCAL_RESET: &str = "\
Examples:
  provision local reset";

pub(crate) const INVOKE: &str = "\
Examples:
  provision invoke hello --local
  provision invoke hello --event event.json --log
  provision invoke hello --event -   # read from the standard input";

pub(crate) const LOGS: &str = "\
Examples:
  provision logs --since 1h
  provision logs hello --local --follow";

pub(crate) const LIST: &str = "\
Examples:
  provision list
  provision list --profile work --region eu-central-1";

pub(crate) const ADOPT: &str = "\
Examples:
  provision adopt table notes
  provision adopt function hello --from old --yes";
