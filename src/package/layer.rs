//! The folders of a layer, which Lambda unpacks into `/opt`: a runtime looks for modules and packages in some of them alone
//! [DG: "Packaging your layer content"].

use super::files::Entries;
use super::{lock, npm};

/// The folders in which runtimes, programs and libraries are found.
const FOLDERS: [&str; 6] = ["bin", "java", "lib", "nodejs", "python", "ruby"];

/// True if a folder with these names at its top is laid out as a layer already.
pub(crate) fn is_laid_out(top: &[String]) -> bool {
    top.iter().any(|name| FOLDERS.contains(&name.as_str()))
}

/// The user's own files where an import finds them.
pub(super) fn own(entries: Entries, runtime: &str) -> Entries {
    let top = entries.keys().filter_map(|name| Some(name.split_once('/')?.0.to_owned()));
    if is_laid_out(&top.collect::<Vec<_>>()) {
        return entries;
    }
    let place = |name: &str| match runtime {
        runtime if runtime.starts_with("python") => format!("python/{name}"),
        // Node.js finds modules in a folder of this name only; the lists of packages are no modules.
        runtime if runtime.starts_with("nodejs") => {
            let is_list = name == lock::PACKAGE || lock::LOCKS.contains(&name);
            let is_placed = is_list || name.split('/').next() == Some(npm::MODULES);
            if is_placed { format!("nodejs/{name}") } else { format!("nodejs/{}/{name}", npm::MODULES) }
        }
        _ => name.to_owned(),
    };
    entries.into_iter().map(|(name, entry)| (place(&name), entry)).collect()
}

/// Installed packages where an import finds them.
pub(super) fn installed(entries: Entries, runtime: &str) -> Entries {
    let folder = if runtime.starts_with("python") { "python" } else { "nodejs" };
    entries.into_iter().map(|(name, entry)| (format!("{folder}/{name}"), entry)).collect()
}
