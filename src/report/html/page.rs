//! The page around the sections: head, style, landmarks, script. What the page may load is nothing, which its
//! content security policy says to the browser too.

use std::fmt::Write as _;

use crate::domain::assessment::Gate;
use crate::domain::{Finding, Verdict};

use super::super::escape::markup;
use super::super::material::{Material, sentence};
use super::super::text::Subject;
use super::{Picture, Pictures, data, heap, performance, sections};

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// The page.
pub fn html(material: &Material<'_>, pictures: &Pictures) -> String {
    let mut out = String::new();
    let word = material.assessment.verdict.word();
    let (name, dark) = (markup(material.name()), &pictures.dark);
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{word}: {name} (soak)</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <style>\n{STYLE}@media screen and (prefers-color-scheme: dark) {{\n{dark}}}\n</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#findings\">Skip to the findings</a>\n"
    );
    verdict(&mut out, material);
    out.push_str("<main>\n");
    performance::objectives(&mut out, material);
    sections::findings(&mut out, material);
    performance::requests(&mut out, material);
    charts(&mut out, material, pictures);
    heap::heap(&mut out, material, pictures);
    sections::traffic(&mut out, material);
    performance::performance(&mut out, material);
    sections::decided(&mut out, material);
    sections::limits(&mut out, material);
    sections::conditions(&mut out, material);
    let _ = write!(
        out,
        "</main>\n<footer><p>Made by soak {}. This file loads nothing from anywhere.</p></footer>\n\
         <script type=\"application/json\" id=\"data\">{}</script>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        data::json(material)
    );
    out
}

/// The first thing on the page: word, reason, what it means for a gate.
fn verdict(out: &mut String, material: &Material<'_>) {
    let (class, sign) = match material.assessment.gate() {
        Gate::Fail => ("growing", "▲"),
        Gate::CannotTell => ("inconclusive", "?"),
        Gate::Pass => ("steady", "●"),
    };
    let (word, name) = (material.headline(), markup(material.name()));
    let (reason, code) = (markup(&material.reason()), material.exit_code);
    let meaning = material.exit_code_words();
    let question = match material.subject {
        Subject::Run(_) => "Does it leak? soak on",
        Subject::File(_) => "Does it grow? soak on",
    };
    let _ = write!(
        out,
        "<header class=\"verdict {class}\">\n<p class=\"brand\">{question} <bdi>{name}</bdi></p>\n\
         <h1><span class=\"sign\" aria-hidden=\"true\">{sign}</span> {word}</h1>\n\
         <p class=\"reason\">{reason}</p>\n<p class=\"code\">Exit code {code}: {meaning}.</p>\n</header>\n"
    );
}

fn charts(out: &mut String, material: &Material<'_>, pictures: &Pictures) {
    out.push_str(
        "<section aria-labelledby=\"charts-h\" id=\"charts\">\n<h2 id=\"charts-h\">Charts</h2>\n\
         <div id=\"live\" hidden></div>\n",
    );
    let Some((overview, metrics)) = pictures.charts.split_first() else {
        out.push_str("<p>There are no charts in this report.</p>\n</section>\n");
        return;
    };
    out.push_str("<div id=\"still\">\n");
    figure(out, overview, "The whole run on one time axis");
    out.push_str("</div>\n");
    if !metrics.is_empty() {
        out.push_str("<h3>One by one, with fit, warm-up and limits</h3>\n");
    }
    for picture in metrics {
        let finding = material.assessment.findings.iter().find(|finding| finding.metric == picture.metric);
        let label = finding.map_or(picture.metric.as_str(), |finding| finding.label.as_str());
        let open = if finding.is_some_and(is_urgent) { " open" } else { "" };
        let (class, verdict) = finding.map_or(("", String::new()), sections::verdict_word);
        let _ = writeln!(
            out,
            "<details{open}><summary>{} <span class=\"word {class}\">{verdict}</span></summary>",
            markup(label)
        );
        figure(out, picture, label);
        if let Some(finding) = finding {
            let _ = writeln!(out, "<p>{}</p>", markup(&sentence(&finding.reason)));
        }
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
}

/// Whether a reader in a hurry should see the chart at once.
fn is_urgent(finding: &Finding) -> bool {
    finding.role == crate::domain::Role::Decides && finding.verdict == Verdict::Growing
}

/// A chart in a box that scrolls where the screen is narrower than the chart can be read at.
fn figure(out: &mut String, picture: &Picture, label: &str) {
    let (label, svg) = (markup(label), &picture.svg);
    let _ = writeln!(
        out,
        "<figure><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Chart: {label}\">{svg}</div></figure>"
    );
}
