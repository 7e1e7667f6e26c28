//! Which file `--file` means.

use std::path::PathBuf;

/// The name of a stack file, unless `--file` gives another one.
pub(super) const DEFAULT: &str = "stack.yaml";

/// The file that the user means: of a folder its stack file.
pub(super) fn resolve(given: PathBuf) -> PathBuf {
    if given.is_dir() { given.join(DEFAULT) } else { given }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_means_its_stack_file() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        assert_eq!(resolve(folder.path().to_owned()), folder.path().join("stack.yaml"));
        let file = folder.path().join("other.yaml");
        assert_eq!(resolve(file.clone()), file);
        Ok(())
    }
}
