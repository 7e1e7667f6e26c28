//! A page in a browser, used as a person uses it: forms are filled in, files chosen, links followed. The browser takes
//! commands from a pipe [Chrome DevTools Protocol].

use crate::browser::command;
use serde_json::{Value as Json, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(60);

/// The browser reads commands from 3 and responds on 4. What it prints goes to its log.
const PIPES: &str = r#"exec "$0" "$@" 3<&0 4>&1 1>&2"#;

/// A page that is open. Its browser ends with the test.
pub(crate) struct Tab {
    browser: Child,
    commands: ChildStdin,
    responses: BufReader<ChildStdout>,
    /// The number of the last command.
    sent: u64,
    /// Which page the commands are for; empty for the browser itself.
    session: String,
}

impl Tab {
    pub(crate) fn open(browser: &Path, profile: &Path, url: &str) -> Self {
        fs::create_dir_all(profile).unwrap();
        let own = command(browser, profile);
        let mut browser = Command::new("sh")
            .args(["-c", PIPES])
            .arg(own.get_program())
            .args(own.get_args())
            .args(["--remote-debugging-pipe", "about:blank"])
            .env("HOME", profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(profile.join("log")).unwrap())
            .spawn()
            .unwrap();
        let commands = browser.stdin.take().unwrap();
        let responses = BufReader::new(browser.stdout.take().unwrap());
        let mut tab = Tab { browser, commands, responses, sent: 0, session: String::new() };
        let target = tab.call("Target.createTarget", &json!({ "url": url }))["targetId"].clone();
        let attached = tab.call("Target.attachToTarget", &json!({ "targetId": target, "flatten": true }));
        tab.session = attached["sessionId"].as_str().unwrap().to_owned();
        tab
    }

    /// What the browser makes of the page.
    pub(crate) fn html(&mut self) -> String {
        let html = self.run("document.documentElement.outerHTML");
        html.as_str().unwrap_or_default().to_owned()
    }

    /// The value of an expression on the page; null while another page is being loaded.
    pub(crate) fn run(&mut self, expression: &str) -> Json {
        let params = json!({ "expression": expression, "returnByValue": true });
        self.call("Runtime.evaluate", &params)["result"]["value"].clone()
    }

    /// Waits until an expression is true on a page that is loaded.
    #[track_caller]
    pub(crate) fn until(&mut self, expression: &str) {
        let (start, loaded) =
            (Instant::now(), format!("document.readyState === 'complete' && ({expression})"));
        while self.run(&loaded) != true {
            assert!(start.elapsed() < TIMEOUT, "`{expression}` is never true on:\n{}", self.html());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Fills in a form, by the names of its fields, and sends it as its button does.
    pub(crate) fn submit(&mut self, form: &str, fields: &Json) {
        self.run(&format!(
            "(() => {{
                const form = document.querySelector('{form}');
                for (const [name, value] of Object.entries({fields})) form.elements[name].value = value;
                form.requestSubmit();
            }})()"
        ));
    }

    /// Chooses a file of this machine, which no script of a page can do.
    pub(crate) fn choose(&mut self, input: &str, file: &Path) {
        let expression = format!("document.querySelector('{input}')");
        let found = self.call("Runtime.evaluate", &json!({ "expression": expression }));
        let id = &found["result"]["objectId"];
        self.call("DOM.setFileInputFiles", &json!({ "files": [file], "objectId": id }));
    }

    /// Follows the link with a text.
    pub(crate) fn follow(&mut self, text: &str) {
        let text = json!(text);
        self.run(&format!("[...document.links].find(link => link.textContent === {text}).click()"));
    }

    /// Sends a command. Its response has the same number; other messages report events.
    fn call(&mut self, method: &str, params: &Json) -> Json {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut text = Vec::new();
            self.responses.read_until(0, &mut text).unwrap();
            assert_eq!(text.pop(), Some(0), "the browser has ended");
            let response: Json = serde_json::from_slice(&text).unwrap();
            if response["id"] == self.sent {
                return response["result"].clone();
            }
        }
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}
