//! The blog of the examples, as its readers see it: in a browser of this machine, else as its pages are sent.

use crate::browser::{chromium, shown};
use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::http::{get, send};
use crate::stack::{SMALL, root};
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

/// A title that would be a script if it were not text.
const TITLE: &str = "<script>document.title = 1</script> & <b>bold</b>";
const ESCAPED: &str = "&lt;script&gt;document.title = 1&lt;/script&gt; &amp; &lt;b&gt;bold&lt;/b&gt;";
const CONTENT: &str = "I love the video that Ada Lovelace made in London in 1843. Mail ada@example.com";

/// Where the blog is, and how it is read.
struct Reader<'a> {
    cloud: &'a Cloud,
    /// The address of the list, with the slash at its end.
    blog: String,
    browser: Option<PathBuf>,
}

impl Reader<'_> {
    /// A page as a reader sees it: what the browser made of it.
    async fn page(&self, path: &str) -> String {
        match &self.browser {
            Some(browser) => {
                let profile = self.cloud.path(&format!("browser/{}", path.replace('/', "-")));
                shown(browser, &profile, &format!("{}{path}", self.blog)).0
            }
            None => get(&self.blog, path).await.ok().as_str().unwrap().to_owned(),
        }
    }

    async fn post(&self, title: &str, content: &str) {
        let body = json!({ "title": title, "content": content }).to_string();
        send(&self.blog, "POST items", Some(&body)).await.ok();
    }

    /// The id of the item with a title.
    async fn id(&self, title: &str) -> String {
        let items = get(&self.blog, "items").await.ok();
        let item = items.as_array().unwrap().iter().find(|item| item["title"] == title).unwrap();
        item["uuid"].as_str().map(str::to_owned).unwrap()
    }
}

#[track_caller]
pub(crate) fn contains(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "`{text}` is missing in:\n{page}");
    }
}

#[tokio::test]
async fn the_pages_of_the_blog_show_the_items_and_what_is_found_in_them() {
    let cloud = Cloud::with(SMALL);
    let file = root().join("examples/blog/stack.yaml");
    let run =
        |args: &[&str]| cloud.run(&[args, &["--local", "--file", file.to_str().unwrap()]].concat()).ok();
    run(&["up"]).says("11 of 11 checks passed.");
    run(&["up"]).changes_nothing();
    let blog = run(&["outputs", "page"]).out.trim().to_owned();
    let reader = Reader { cloud: &cloud, blog, browser: chromium() };
    if reader.browser.is_none() {
        let missing = "There is no Chromium here: the pages of the blog were read as they are sent.";
        writeln!(std::io::stderr(), "{missing}").unwrap();
    }
    contains(&reader.page("").await, &["<h1>Blog</h1>", "There are no items yet."]);
    reader.post(TITLE, CONTENT).await;
    reader.post("Une vidéo", "J'adore cette vidéo, elle est très belle").await;

    let (first, second) = (reader.id(TITLE).await, reader.id("Une vidéo").await);
    let list = reader.page("").await;
    contains(&list, &["<title>Blog</title>", &format!(r#"<a href="view/{first}">{ESCAPED}</a>"#)]);
    contains(
        &list,
        &[&format!(r#"<a href="predict/{first}">"#), &format!(r#"<a href="view/{second}">Une vidéo</a>"#)],
    );

    let item = reader.page(&format!("view/{first}")).await;
    contains(&item, &[&format!("<title>{ESCAPED}</title>"), &format!("<h1>{ESCAPED}</h1>"), CONTENT]);
    contains(&item, &[r#"<a href="../">"#, &format!(r#"<a href="../predict/{first}">"#)]);

    let found = reader.page(&format!("predict/{first}")).await;
    contains(&found, &["<h2>Language</h2>", "<td>en</td>", "<h2>Entities</h2>", "<h2>Key phrases</h2>"]);
    contains(
        &found,
        &["<td>Ada Lovelace</td><td>PERSON</td>", "<td>London</td><td>LOCATION</td>", "<td>the video</td>"],
    );
    contains(
        &found,
        &["<h2>Personal data</h2>", "<td>ada@example.com</td><td>EMAIL</td>", "<td>1843</td><td>DATE</td>"],
    );
    contains(&found, &["<h2>Sentiment: POSITIVE</h2>", "<td>Positive</td><td>97.00%</td>"]);
    let found = reader.page(&format!("predict/{second}")).await;
    contains(&found, &["<td>fr</td>", "Comprehend finds no personal data in texts of the language fr."]);

    run(&["down"]).says("Nothing left.");
    assert_empty(&dump(&cloud.aws().await).await);
}
