"""The tools: how each is installed and set up, and the commands of its steps."""

import fcntl
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import install
from cloud import ACCOUNT, REGION
from work import STACK, fill

PEERS = Path(__file__).resolve().parent / "peers"
BUCKET = "bench-artifacts"
# Pins Terraform's providers, and must be next to its files.
LOCK = ".terraform.lock.hcl"


class Tool:
    """A tool, with its project in a folder. `commands` returns the argument lists of a step."""

    # Its name on the command line and in tables, and the folder of its templates.
    name = title = folder = ""
    # How its work differs from the others, as a note below the table.
    note = ""
    # The numbers of tables and of extra functions that it creates.
    tables, more = 1, 0
    # The numbers of functions at which it is measured, in addition to the first one, and the maximum number of runs.
    also, runs = range(0), 10**6
    # The input for its questions.
    answers = ""

    def install(self, tools, say):
        """Installs it."""

    def version(self):
        """Its version, as text."""
        return ""

    def set_up(self, cloud, proxy, project, work):
        """The setup per account, which is not measured."""

    def write(self, project, work):
        """Writes its project: the code of the functions, and its templates filled in."""
        for name in work.functions:
            (project / "src" / name).mkdir(parents=True, exist_ok=True)
            (project / "src" / name / "app.py").write_text(work.code(name))
        for template in sorted((PEERS / self.folder).glob("*")):
            (project / template.name).write_text(fill(template.read_text(), work))

    def environment(self, proxy, project):
        """All of its environment variables."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        url = f"http://127.0.0.1:{proxy.port}"
        return (
            kept
            | {
                "HOME": str(project.parent),
                "TMPDIR": str(project.parent),
                "CI": "true",
                "NO_COLOR": "1",
                "AWS_ENDPOINT_URL": url,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_CONFIG_FILE": "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                "AWS_EC2_METADATA_DISABLED": "true",
            }
            | self.settings(project)
        )

    def settings(self, project):
        """Its own variables, such as those that turn telemetry off."""
        return {}


class Provision(Tool):
    """The program of this repository, on the local cloud."""

    name = title = folder = "provision"
    also = range(10**6)

    def __init__(self, binary):
        self.binary = binary
        self._record = None

    def version(self):
        return subprocess.run([self.binary, "--version"], capture_output=True, text=True).stdout.split()[-1]

    def set_up(self, cloud, proxy, project, work):
        """Puts the proxy where `--local` looks for the local cloud: a process that writes its port to a file and keeps
        the file locked. So the program runs as on any local cloud, and needs no change."""
        state = project.parent / "state"
        state.mkdir(exist_ok=True)
        self._record = open(state / "process", "w")
        fcntl.flock(self._record, fcntl.LOCK_EX)
        self._record.write(f"{os.getpid()} {proxy.port}\n")
        self._record.flush()
        # The emulator of a benchmark checks no signatures, but the program needs credentials to sign with.
        (state / "credentials").write_text("[default]\naws_access_key_id = test\naws_secret_access_key = test\n")

    def settings(self, project):
        return {
            "PROVISION_STATE_DIR": str(project.parent / "state"),
            "PROVISION_CACHE_DIR": str(project / "cache"),
        }

    def commands(self, step):
        return [[self.binary, "down" if step == "destroy" else "up", "--local"]]


class Paced(Provision):
    """The same, limited by AWS's quotas, which the program respects unless the cloud is local."""

    name, title = "provision-aws", "provision, at AWS's pace"
    note = "one run, slowed down to stay below AWS's quotas, which the emulator does not have"
    runs = 1

    def commands(self, step):
        return [[self.binary, "down" if step == "destroy" else "up", "--yes"]]


class Sam(Tool):
    """The common part of both ways to deploy with SAM."""

    folder = "sam"

    def install(self, tools, say):
        self.program = install.python(tools, "sam", [PEERS / "sam.txt"], [], say).parent / "sam"

    def version(self):
        return pinned("sam.txt")

    def set_up(self, cloud, proxy, project, work):
        cloud.make_bucket(BUCKET)

    def settings(self, project):
        return {"SAM_CLI_TELEMETRY": "0"}

    def destroy(self):
        """The command that deletes the stack."""
        return [[self.program, "delete", "--stack-name", STACK, "--no-prompts", "--region", REGION]]


class SamSync(Sam):
    """The way for development: changes of code alone bypass CloudFormation."""

    name, title = "sam-sync", "SAM, sync"
    # Confirms that this is a development stack.
    answers = "y\n"

    def commands(self, step):
        if step == "destroy":
            return self.destroy()
        return [
            [
                self.program,
                "sync",
                "--no-watch",
                "--no-dependency-layer",
                "--stack-name",
                STACK,
                "--s3-bucket",
                BUCKET,
                "--region",
                REGION,
            ]
        ]


class SamDeploy(Sam):
    """The way for production."""

    name, title = "sam-deploy", "SAM, deploy"
    note = (
        "without `sam build`, which functions without packages do not need; above 80 functions with one role for all and no "
        "log groups, because a CloudFormation stack has at most 500 resources"
    )
    also = [100]

    def write(self, project, work):
        self.folder = "sam" if work.size <= 80 else "sam-large"
        super().write(project, work)

    def commands(self, step):
        if step == "destroy":
            return self.destroy()
        return [
            [
                self.program,
                "deploy",
                "--no-confirm-changeset",
                "--no-fail-on-empty-changeset",
                "--stack-name",
                STACK,
                "--s3-bucket",
                BUCKET,
                "--capabilities",
                "CAPABILITY_IAM",
                "--region",
                REGION,
            ]
        ]


class Cdk(Tool):
    """The CDK with an app in JavaScript, so that it needs no compiler."""

    name = folder = "cdk"
    title = "CDK"

    def install(self, tools, say):
        self.packages = install.node(tools, "cdk", PEERS / "cdk.package.json", say) / "node_modules"

    def version(self):
        return json.loads((PEERS / "cdk.package.json").read_text())["dependencies"]["aws-cdk"]

    def settings(self, project):
        return {
            "NODE_PATH": str(self.packages),
            "CDK_DISABLE_CLI_TELEMETRY": "1",
            "CDK_DEFAULT_ACCOUNT": ACCOUNT,
            "CDK_DEFAULT_REGION": REGION,
        }

    def set_up(self, cloud, proxy, project, work):
        self.write(project, work)
        run(self._cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}"), project, self.environment(proxy, project))

    def _cdk(self, *arguments):
        return [
            self.packages / ".bin/cdk",
            *arguments,
            "--no-notices",
            "--no-version-reporting",
            "--no-asset-metadata",
        ]

    def commands(self, step):
        if step == "destroy":
            return [self._cdk("destroy", "--force")]
        return [self._cdk("deploy", "--require-approval", "never")]


class Osls(Tool):
    """osls, the maintained continuation of the Serverless Framework 3."""

    name = title = folder = "osls"
    note = "one role for all functions; `change` is `deploy function`, which reads only that function"

    def install(self, tools, say):
        self.program = (
            install.node(tools, "osls", PEERS / "osls.package.json", say) / "node_modules/.bin/osls"
        )

    def version(self):
        return json.loads((PEERS / "osls.package.json").read_text())["dependencies"]["osls"]

    def settings(self, project):
        return {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off"}

    def set_up(self, cloud, proxy, project, work):
        cloud.make_bucket(BUCKET)

    def write(self, project, work):
        super().write(project, work)
        if work.extra:
            file, event = project / "serverless.yml", "      - httpApi: GET /f001\n"
            file.write_text(file.read_text().replace(event, event + event.replace("f001", "extra")))

    def commands(self, step):
        arguments = {"destroy": ["remove"], "change": ["deploy", "function", "--function", "f001"]}
        return [[self.program, *arguments.get(step, ["deploy"])]]


class Chalice(Tool):
    """Chalice, which calls the services itself and lists its resources in a file. Its `config.json` sets a size for
    compression, because otherwise the emulator returns a value that is not a number."""

    name = folder = "chalice"
    title = "Chalice"
    note = "no table and no log groups; all routes of a REST API lead to one extra function"
    tables, more = 0, 1

    def install(self, tools, say):
        self.program = install.python(tools, "chalice", [PEERS / "chalice.txt"], [], say).parent / "chalice"

    def version(self):
        return pinned("chalice.txt")

    def write(self, project, work):
        super().write(project, work)
        shutil.rmtree(project / "src")
        (project / ".chalice").mkdir(exist_ok=True)
        shutil.move(project / "config.json", project / ".chalice/config.json")

    def commands(self, step):
        return [[self.program, "delete" if step == "destroy" else "deploy"]]


class Terraform(Tool):
    """Terraform, if it is on the PATH and finds its provider: neither comes from PyPI or npm, as the other tools do."""

    name = folder = "terraform"
    title = "Terraform"
    note = (
        "without `terraform init`, which is needed only once, and without building the zips, which Terraform leaves "
        "to other tools"
    )

    def install(self, tools, say):
        self.program = shutil.which("terraform")
        if not self.program:
            raise install.Unavailable("it is not installed")

    def version(self):
        output = subprocess.run([self.program, "version", "-json"], capture_output=True, text=True).stdout
        return json.loads(output)["terraform_version"]

    def settings(self, project):
        # The user's own configuration may name a mirror of the provider.
        own = {name: os.environ[name] for name in ["TF_CLI_CONFIG_FILE"] if name in os.environ}
        return own | {
            "TF_DATA_DIR": str(project.parent / "terraform"),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }

    def set_up(self, cloud, proxy, project, work):
        self.write(project, work)
        run([self.program, "init", "-input=false", "-no-color"], project, self.environment(proxy, project))
        shutil.copy(project / LOCK, project.parent)

    def write(self, project, work):
        super().write(project, work)
        (project / "packages").mkdir(exist_ok=True)
        for name in work.functions:
            with zipfile.ZipFile(project / f"packages/{name}.zip", "w") as package:
                package.writestr(zipfile.ZipInfo("app.py"), work.code(name))
        if (project.parent / LOCK).exists():
            shutil.copy(project.parent / LOCK, project)

    def commands(self, step):
        verb = "destroy" if step == "destroy" else "apply"
        return [[self.program, verb, "-auto-approve", "-input=false", "-no-color"]]


def pinned(file):
    """The version in a requirements file with one line."""
    return (PEERS / file).read_text().strip().split("==")[1]


def run(command, project, environment):
    """Runs a command of the setup."""
    ran = subprocess.run(
        [str(word) for word in command],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if ran.returncode != 0:
        raise install.Unavailable(f"it could not be set up: {(ran.stderr or ran.stdout).strip()[-300:]}")


def all_tools(binary):
    """The tools in the order of the tables."""
    return [Provision(binary), Paced(binary), SamSync(), SamDeploy(), Cdk(), Osls(), Chalice(), Terraform()]
