//! Lists that come in pages, read to their end.

use super::error::{Error, Result};
use std::collections::BTreeSet;

/// More pages than any list has: of tables, which an account may have ten thousand of, a hundred come at a time.
const MOST: usize = 2000;

/// All items of a list. `page` returns those after a token, and the token of the next page, where there is one.
///
/// # Errors
/// The error of a page, or that the list does not end.
pub(crate) async fn all_pages<T, F: Future<Output = Result<(Vec<T>, Option<String>)>>>(
    operation: &str,
    mut page: impl FnMut(Option<String>) -> F,
) -> Result<Vec<T>> {
    let (mut items, mut token, mut seen) = (Vec::new(), None, BTreeSet::new());
    loop {
        let (more, next) = page(token).await?;
        items.extend(more);
        // Some services end a list with an empty token.
        let Some(next) = next.filter(|next| !next.is_empty()) else { return Ok(items) };
        if !seen.insert(next.clone()) {
            return Err(Error::broken(operation, "a pagination token was repeated"));
        }
        if seen.len() > MOST {
            return Err(Error::broken(operation, format!("the list does not end after {MOST} pages")));
        }
        token = Some(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(next: impl Fn(usize) -> Option<String>) -> Result<Vec<usize>> {
        let mut count = 0;
        all_pages("x:List", |_| {
            count += 1;
            std::future::ready(Ok((vec![count], next(count))))
        })
        .await
    }

    #[tokio::test]
    async fn a_list_ends_or_is_an_error() {
        assert_eq!(read(|page| (page < 3).then(|| page.to_string())).await, Ok(vec![1, 2, 3]));
        assert_eq!(read(|page| (page < 3).then(String::new)).await, Ok(vec![1]));
        let circle = read(|page| Some((page % 2).to_string())).await.expect_err("a circle").to_string();
        assert_eq!(circle, "x:List failed: a pagination token was repeated");
        let endless = read(|page| Some(page.to_string())).await.expect_err("no end").to_string();
        assert_eq!(endless, "x:List failed: the list does not end after 2000 pages");
    }
}
