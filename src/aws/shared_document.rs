//! Documents of which several resources, and others outside of the stack, have entries: the policy of a queue, or the
//! notifications of a bucket. AWS replaces such a document as a whole, so each change reads it, merges, and writes it.

use super::{Context, Result};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How often a document is written again that somebody else changed between our read and our write.
const TRIES: usize = 5;

/// The documents that this run changes, so that it changes each of them once at a time.
#[derive(Debug, Default)]
pub struct Documents(Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Documents {
    fn of(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut documents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        documents.entry(name.to_owned()).or_default().clone()
    }
}

impl Context {
    /// Changes the entries of a document that are ours, and keeps all others. `merge` makes the new document of the current
    /// one; where it changes nothing, nothing is written. What a writer outside of this run overwrote is merged again.
    ///
    /// # Errors
    /// A call failed.
    pub(crate) async fn edit_document<D, R, W>(
        &self,
        name: &str,
        read: impl Fn() -> R,
        merge: impl Fn(&D) -> D,
        write: impl Fn(D) -> W,
    ) -> Result<()>
    where
        D: PartialEq,
        R: Future<Output = Result<D>>,
        W: Future<Output = Result<()>>,
    {
        let document = self.documents.of(name);
        let _one_at_a_time = document.lock().await;
        for _ in 0..TRIES {
            let current = read().await?;
            let merged = merge(&current);
            if merged == current {
                break;
            }
            write(merged).await?;
        }
        Ok(())
    }
}
