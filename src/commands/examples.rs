//! The examples at the end of each command's help.

pub(crate) const PROGRAM: &str = "\
Examples:
  provision init blog    # create a starter stack
  provision up --local   # run it on this machine, without an account
  provision plan         # what would change in AWS
  provision help up      # all options of one command";

pub(crate) const INIT: &str = "\
Examples:
  provision init blog --runtime node
  provision init && provision up --local   # in this folder";

pub(crate) const UP: &str = "\
Examples:
  provision up --local         # on this machine, without an account
  provision up --env dev       # shows the plan, then asks
  provision up --yes --check   # in a pipeline: does not ask
  provision up --watch         # and again on every save; asks once";

pub(crate) const DEV: &str = "\
Examples:
  provision dev           # edit and see it live; Ctrl-C quits
  provision dev --check   # runs the stack's checks after each change";

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

pub(crate) const GRAPH: &str = "\
Examples:
  provision graph                     # Mermaid, for a Markdown page
  provision graph --svg > stack.svg   # an image
  provision graph --dot | dot -Tpdf > stack.pdf";

pub(crate) const STATUS: &str = "\
Examples:
  provision status
  provision status --env prod --json";

pub(crate) const PROMOTE: &str = "\
Examples:
  provision promote prod          # the alias `prod` of all functions
  provision promote save/prod --env prod";

pub(crate) const ROLLBACK: &str = "\
Examples:
  provision rollback prod
  provision rollback save --json";

pub(crate) const SECRET: &str = "\
Examples:
  provision secret set api-key              # asks for the value
  provision secret set api-key --env dev";

pub(crate) const SECRET_SET: &str = "\
Examples:
  provision secret set api-key              # in a terminal: asks for it
  provision secret set api-key --env prod   # else: reads standard input";

pub(crate) const OUTPUTS: &str = "\
Examples:
  provision outputs
  curl \"$(provision outputs api.url)/items\"
  provision outputs --local --format env > .env";

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
  provision iam-policy plan --env prod   # read-only";

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

pub(crate) const REQUEST: &str = "\
Examples:
  provision request GET /hello/ada --local
  provision request POST /items --body '{\"id\": \"a1\"}'
  provision request GET /items --header 'authorization: Bearer x' --env dev";

pub(crate) const INVOKE: &str = "\
Examples:
  provision invoke hello --local
  provision invoke hello --event event.json --log
  provision invoke hello --event -   # read the event from standard input";

pub(crate) const SEND: &str = "\
Examples:
  provision send queue jobs --body '{\"id\": 1}' --local
  provision send queue orders --text hello --with group=a
  provision send queue jobs --body -   # read the body from standard input";

pub(crate) const PUT: &str = "\
Examples:
  provision put bucket pictures --with key=in/cat.png --content cat.png --local
  provision put bucket pictures --with key=in/note.json --body '{\"id\": 1}'";

pub(crate) const LOGS: &str = "\
Examples:
  provision logs --since 1h
  provision logs hello --local --follow
  provision logs --errors --since 1d
  provision logs --filter 'order 42'";

pub(crate) const LIST: &str = "\
Examples:
  provision list
  provision list --profile work --region eu-central-1";

pub(crate) const ADOPT: &str = "\
Examples:
  provision adopt table notes
  provision adopt function hello --from old --yes";
