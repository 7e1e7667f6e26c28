//! The picture of a stack as an image: what takes requests on the left, what runs code in the middle, what keeps data on the
//! right. Coordinates are in pixels.

use super::picture::{Look, colours, ends, look};
use crate::picture::{Connection, Node, Picture};
use std::fmt::Write;

const MARGIN: f64 = 24.0;
const HEIGHT: f64 = 36.0;
const GAP: f64 = 24.0;
/// Between two columns, for the lines and their labels.
const BETWEEN: f64 = 220.0;
/// The width of a letter: of nodes, and of labels.
const LETTER: f64 = 7.8;
const SMALL: f64 = 6.2;
const LINE: f64 = 14.0;
/// How many lines a label has.
const LINES: usize = 4;

/// Where a node is.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    x: f64,
    y: f64,
    width: f64,
}

/// As an SVG image, which needs nothing from anywhere.
pub fn svg(picture: &Picture) -> String {
    let columns = columns(picture);
    let (places, width, height) = places(picture, &columns);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\" \
         font-family=\"ui-monospace, Menlo, Consolas, monospace\">\n\
         <defs><marker id=\"end\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
         <path d=\"M0 0L8 4L0 8z\" fill=\"#57606a\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    for connection in &picture.connections {
        let Some((from, to)) = ends(picture, connection) else { continue };
        line(&mut text, (places[from], places[to]), columns[from] == columns[to], connection);
    }
    picture.nodes.iter().zip(&places).for_each(|(one, place)| node(&mut text, one, *place));
    text + "</svg>\n"
}

/// The column of each node.
fn columns(picture: &Picture) -> Vec<usize> {
    let column = |node: &Node| {
        let leads = |one: &Connection| one.from == node.end;
        let is_source = picture.connections.iter().any(leads)
            && !picture.connections.iter().any(|one| one.to == node.end);
        match look(node) {
            Look::Endpoint => 0,
            Look::Code => 1,
            Look::Data | Look::Other if is_source => 0,
            Look::Data | Look::Other => 2,
        }
    };
    picture.nodes.iter().map(column).collect()
}

/// The place of each node, and the size of the image.
fn places(picture: &Picture, columns: &[usize]) -> (Vec<Place>, f64, f64) {
    let mut places = vec![Place::default(); picture.nodes.len()];
    let count = |column: usize| columns.iter().filter(|of| **of == column).count();
    let tall = |count: usize| count as f64 * (HEIGHT + GAP) - GAP;
    let most = (0..3).map(count).max().unwrap_or_default().max(1);
    let (mut x, mut right) = (MARGIN, MARGIN);
    for column in 0..3 {
        let own: Vec<usize> = (0..columns.len()).filter(|node| columns[*node] == column).collect();
        let letters = own.iter().map(|node| picture.nodes[*node].label().chars().count()).max();
        let Some(letters) = letters else { continue };
        let width = letters as f64 * LETTER + 28.0;
        let mut y = MARGIN + (tall(most) - tall(own.len())) / 2.0;
        for node in own {
            places[node] = Place { x, y, width };
            y += HEIGHT + GAP;
        }
        right = x + width;
        x = right + BETWEEN;
    }
    // A line between two nodes of the last column goes around it.
    (places, right + MARGIN + 60.0, tall(most) + 2.0 * MARGIN)
}

fn node(text: &mut String, node: &Node, Place { x, y, width }: Place) {
    let (fill, stroke) = match look(node) {
        Look::Endpoint => ("#ddf4ff", "#0969da"),
        Look::Code => ("#fff8c5", "#9a6700"),
        Look::Data => ("#dafbe1", "#1a7f37"),
        Look::Other => ("#f6f8fa", "#57606a"),
    };
    // What a plan does with it says more than what it is.
    let (fill, stroke) = node.action.map_or((fill, stroke), |action| {
        let (_, line, fill) = colours(action);
        (fill, line)
    });
    let strong = if node.action.is_some() { " stroke-width=\"2\"" } else { "" };
    let radius = if look(node) == Look::Code { 4.0 } else { HEIGHT / 2.0 };
    let dashes = if node.is_existing { " stroke-dasharray=\"4 3\"" } else { "" };
    let (middle, base) = (x + width / 2.0, y + HEIGHT / 2.0 + 4.5);
    let label = escaped(node.label());
    // A `String` takes everything that is written to it.
    let _ = writeln!(
        text,
        "<g><title>{} {label}</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{HEIGHT}\" rx=\"{radius}\" \
         fill=\"{fill}\" stroke=\"{stroke}\"{strong}{dashes}/><text x=\"{middle:.1}\" y=\"{base:.1}\" font-size=\"13\" \
         text-anchor=\"middle\" fill=\"#1f2328\">{label}</text></g>",
        node.kind().noun(1)
    );
}

fn line(text: &mut String, (from, to): (Place, Place), is_same: bool, connection: &Connection) {
    let (y1, y2) = (from.y + HEIGHT / 2.0, to.y + HEIGHT / 2.0);
    let leads_right = from.x < to.x;
    let (x1, x2) = match (is_same, leads_right) {
        (true, _) => (from.x + from.width, to.x + to.width),
        (false, true) => (from.x + from.width, to.x),
        (false, false) => (from.x, to.x + to.width),
    };
    let bend = if is_same { 50.0 } else { (x2 - x1) / 2.0 };
    let (c1, c2) = (x1 + bend, if is_same { x2 + bend } else { x2 - bend });
    let _ = writeln!(
        text,
        "<path d=\"M{x1:.1} {y1:.1}C{c1:.1} {y1:.1} {c2:.1} {y2:.1} {x2:.1} {y2:.1}\" fill=\"none\" stroke=\"#57606a\" \
         marker-end=\"url(#end)\"/>"
    );
    let mut lines: Vec<String> = connection.labels.iter().take(LINES).cloned().collect();
    if connection.labels.len() > LINES {
        lines.push(format!("and {} more", connection.labels.len() - LINES));
    }
    // Two thirds of the way, where the lines of a node have parted.
    let at = |a: f64, b: f64, c: f64, d: f64| 0.064 * a + 0.288 * b + 0.432 * c + 0.216 * d;
    let (x, y) = (at(x1, c1, c2, x2), at(y1, y1, y2, y2));
    let top = y - lines.len() as f64 * LINE / 2.0;
    let wide = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default() as f64 * SMALL + 6.0;
    let _ = writeln!(
        text,
        "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{:.1}\" fill=\"#ffffff\" fill-opacity=\"0.85\"/>",
        x - wide / 2.0,
        lines.len() as f64 * LINE
    );
    for (index, label) in lines.iter().enumerate() {
        let base = top + index as f64 * LINE + 10.5;
        let label = escaped(label);
        let _ = writeln!(
            text,
            "<text x=\"{x:.1}\" y=\"{base:.1}\" font-size=\"10.5\" text-anchor=\"middle\" fill=\"#57606a\">{label}</text>"
        );
    }
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
