//! The images of the examples, as a person uses them: in a browser of this machine, an item is added, and an image is attached to
//! it by the forms of the pages.

use crate::blog::contains;
use crate::browser::chromium;
use crate::cloud::Cloud;
use crate::devtools::Tab;
use crate::dump::{assert_empty, dump};
use crate::http::get;
use crate::stack::{SMALL, root};
use serde_json::json;
use std::fs;
use std::io::Write;
use std::path::Path;

/// A title that would be a script if it were not text.
const TITLE: &str = "<script>document.title = 1</script> & my dog";
const ESCAPED: &str = "&lt;script&gt;document.title = 1&lt;/script&gt; &amp; my dog";

#[tokio::test]
async fn an_image_is_attached_from_the_page_which_shows_it_with_its_labels() {
    let cloud = Cloud::with(SMALL);
    let file = root().join("examples/images/stack.yaml");
    let run =
        |args: &[&str]| cloud.run(&[args, &["--local", "--file", file.to_str().unwrap()]].concat()).ok();
    run(&["up"]).says("15 of 15 checks passed.");
    run(&["up"]).changes_nothing();
    let page = run(&["outputs", "page"]).out.trim().to_owned();
    match chromium() {
        Some(browser) => in_a_browser(&browser, &cloud, &page),
        None => {
            let missing = "There is no Chromium here: no image was attached from a page.";
            writeln!(std::io::stderr(), "{missing}").unwrap();
            contains(get(&page, "").await.ok().as_str().unwrap(), &["<h1>Images</h1>", "</a> · Logo"]);
        }
    }
    run(&["down"]).says("Nothing left.");
    assert_empty(&dump(&cloud.aws().await).await);
}

fn in_a_browser(browser: &Path, cloud: &Cloud, page: &str) {
    let (dog, notes) = (cloud.path("dog.png"), cloud.path("notes.txt"));
    fs::copy(root().join("examples/images/checks/cat.png"), &dog).unwrap();
    fs::write(&notes, "no image").unwrap();
    // As on AWS, the bucket is of another origin than the page.
    let page = page.replace("127.0.0.1", "localhost");

    let mut tab = Tab::open(browser, &cloud.path("browser"), &page);
    tab.until("document.querySelector('#add') !== null");
    // What the checks of the stack have left.
    contains(&tab.html(), &["<h1>Images</h1>", "provision &lt;check&gt;</a> · Cat", "</a> · Logo"]);

    tab.submit("#add", &json!({ "title": TITLE, "content": "In the <i>garden</i>" }));
    tab.until("document.querySelector('#attach') !== null");
    contains(&tab.html(), &[&format!("<h1>{ESCAPED}</h1>"), "<p>In the &lt;i&gt;garden&lt;/i&gt;</p>"]);
    contains(&tab.html(), &["<p>There is no image yet.</p>"]);

    tab.choose("#attach input", &notes);
    tab.submit("#attach", &json!({}));
    tab.until("document.querySelector('#attach output').textContent.includes('must end with')");

    tab.choose("#attach input", &dog);
    tab.submit("#attach", &json!({}));
    // The picture itself, which is that wide.
    tab.until("document.querySelector('img')?.naturalWidth === 160");
    contains(&tab.html(), &["<h2>Labels</h2>\n<ul>\n<li>Dog</li>", "<li>Animal</li>"]);
    contains(&tab.html(), &["<h2>Logos</h2>\n<p>None.</p>"]);
    assert_eq!(tab.run("document.title"), TITLE);

    tab.follow("All items");
    tab.until("document.querySelector('#add') !== null");
    contains(&tab.html(), &[&format!("{ESCAPED}</a> · Dog")]);
    tab.follow("provision check");
    tab.until("document.querySelector('img')?.naturalWidth === 200");
    contains(&tab.html(), &["<h2>Logos</h2>\n<ul>\n<li>ACME</li>"]);
}
