//! Writes the file from template, style, script and data.

use std::io::{self, Write};

use super::data::Data;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Writes the whole file.
pub(super) fn write(out: &mut impl Write, title: &str, data: &Data) -> io::Result<()> {
    let json = serde_json::to_string(data).expect("the data has string keys and finite numbers");
    let parts = [
        ("{{title}}", escape_html(title)),
        ("{{style}}", STYLE.to_owned()),
        ("{{heading}}", escape_html(title)),
        ("{{data}}", escape_script(&json)),
        ("{{script}}", SCRIPT.to_owned()),
    ];
    let mut rest = TEMPLATE;
    for (mark, part) in parts {
        let (before, after) = rest.split_once(mark).expect("the template has all marks, in order");
        out.write_all(before.as_bytes())?;
        out.write_all(part.as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Escapes JSON for use in a script, so that nothing in it ends the script or a
/// line. The escaped characters occur only in strings, where an escape means
/// the same.
fn escape_script(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}
