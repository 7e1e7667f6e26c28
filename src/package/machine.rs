//! The machine that a Python function runs on, and the conditions of packages (`; python_version < "3.11"`) judged
//! for it instead of for the user's.

use pep508_rs::{ExtraName, MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree, VerbatimUrl};

/// Lambda chooses the patch release of a runtime, and changes it with the time. A condition that holds for any of
/// these counts as met: a package too many does no harm, one too few does.
const PATCHES: u32 = 40;

/// A function's machine.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    /// The version of Python, such as `3.13`.
    pub(super) version: String,
    /// What Linux calls the processor.
    pub(super) processor: &'static str,
    /// The machine with each patch release of Python that it may have. None for a runtime of which nothing is known.
    environments: Vec<MarkerEnvironment>,
}

impl Machine {
    /// The machine of a runtime such as `python3.13` and an architecture.
    pub(super) fn new(runtime: &str, architecture: &str) -> Self {
        let version = runtime.trim_start_matches("python").to_owned();
        let processor = if architecture == "arm64" { "aarch64" } else { "x86_64" };
        let environments = (0..PATCHES).filter_map(|patch| environment(&version, patch, processor)).collect();
        Self { version, processor, environments }
    }

    /// Whether a condition holds on this machine, where a package is wanted with these extras.
    pub(super) fn meets(&self, condition: &MarkerTree, extras: &[ExtraName]) -> bool {
        self.environments.is_empty()
            || self.environments.iter().any(|environment| condition.evaluate(environment, extras))
    }

    /// The machine in words.
    pub(super) fn described(&self) -> String {
        format!("Python {} on Linux {}", self.version, self.processor)
    }
}

fn environment(version: &str, patch: u32, processor: &str) -> Option<MarkerEnvironment> {
    let full = format!("{version}.{patch}");
    MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: &full,
        os_name: "posix",
        platform_machine: processor,
        platform_python_implementation: "CPython",
        // The kernel is AWS's own affair.
        platform_release: "",
        platform_system: "Linux",
        platform_version: "",
        python_full_version: &full,
        python_version: version,
        sys_platform: "linux",
    })
    .ok()
}

/// Reads a condition, or says why it cannot be understood.
pub(super) fn condition(text: &str) -> Result<MarkerTree, String> {
    MarkerTree::parse_str::<VerbatimUrl>(text.trim()).map_err(|error| error.message.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meets(runtime: &str, architecture: &str, text: &str) -> bool {
        Machine::new(runtime, architecture).meets(&condition(text).expect(text), &[])
    }

    #[test]
    fn conditions_are_judged_for_the_function() {
        for (text, on_310, on_313) in [
            ("python_version < '3.11'", true, false),
            ("python_version >= \"3.9\"", true, true),
            ("python_version == '3.10.*'", true, false),
            ("python_version ~= '3.12'", false, true),
            ("python_version in '3.9 3.10'", true, false),
            ("'3.11' <= python_version", false, true),
            ("python_full_version < '3.11.0a7'", true, false),
            ("python_full_version >= '3.10.4' and python_full_version < '3.11'", true, false),
            ("(python_version < '3.11' or os_name == 'nt') and sys_platform == 'linux'", true, false),
            ("platform_system == 'Linux' and implementation_name == 'cpython'", true, true),
            ("platform_python_implementation == 'PyPy'", false, false),
            ("sys_platform == 'win32' or sys_platform == 'darwin'", false, false),
            ("extra == 'toml'", false, false),
        ] {
            assert_eq!(meets("python3.10", "x86_64", text), on_310, "{text} on 3.10");
            assert_eq!(meets("python3.13", "x86_64", text), on_313, "{text} on 3.13");
        }
        assert!(meets("python3.13", "arm64", "platform_machine == 'aarch64'"));
        assert!(!meets("python3.13", "x86_64", "platform_machine == 'aarch64'"));
    }

    #[test]
    fn extras_count_where_they_are_wanted() {
        let toml = condition("python_version < '3.11' and extra == 'TOML'").expect("fine");
        let extras = ["toml".parse().expect("a name")];
        assert!(Machine::new("python3.10", "x86_64").meets(&toml, &extras));
        assert!(!Machine::new("python3.13", "x86_64").meets(&toml, &extras));
    }

    #[test]
    fn nothing_is_left_out_for_a_runtime_that_is_not_known() {
        assert!(meets("python3.next", "x86_64", "python_version < '3.11'"));
    }

    #[test]
    fn what_is_no_condition_is_explained() {
        assert!(condition("python_version <").is_err());
        assert!(condition("nonsense == '1'").is_err());
    }
}
