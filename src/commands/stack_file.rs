//! Which file `--file` means.

use std::path::{Path, PathBuf};

/// The name of a stack file, unless `--file` gives another one.
pub(super) const DEFAULT: &str = "stack.yaml";

/// The file that the user means: of a folder its stack file.
pub(super) fn resolve(given: PathBuf) -> PathBuf {
    if given.is_dir() { given.join(DEFAULT) } else { given }
}

/// The nearest stack file above a folder that has none, as seen from the folder. It is looked for within a repository only: what
/// lies above is another project.
pub(super) fn near(folder: &Path) -> Option<PathBuf> {
    let (mut up, mut found) = (PathBuf::new(), None);
    for above in folder.ancestors() {
        if found.is_none() && above.join(DEFAULT).is_file() {
            found = Some(up.join(DEFAULT));
        }
        if above.join(".git").exists() {
            // That of the folder itself is the usual one.
            return found.filter(|file| file != Path::new(DEFAULT));
        }
        up.push("..");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_stack_file_above_is_found_within_the_repository() -> std::io::Result<()> {
        let root = tempfile::tempdir()?;
        let inner = root.path().join("project/lambdas/hello");
        std::fs::create_dir_all(&inner)?;
        std::fs::write(root.path().join("stack.yaml"), "")?;
        std::fs::create_dir(root.path().join("project/.git"))?;
        assert_eq!(near(&inner), None, "that is another project");
        std::fs::write(root.path().join("project/stack.yaml"), "")?;
        assert_eq!(near(&inner), Some(PathBuf::from("../../stack.yaml")));
        assert_eq!(near(&root.path().join("project")), None, "it needs no looking for");
        std::fs::remove_dir(root.path().join("project/.git"))?;
        assert_eq!(near(&inner), None, "it is in no repository");
        Ok(())
    }

    #[test]
    fn a_folder_means_its_stack_file() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        assert_eq!(resolve(folder.path().to_owned()), folder.path().join("stack.yaml"));
        let file = folder.path().join("other.yaml");
        assert_eq!(resolve(file.clone()), file);
        Ok(())
    }
}
