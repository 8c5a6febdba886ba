//! How a comparison is shown: the terminal's table, Markdown, and JSON held to its schema.

use serde_json::Value;

use soak::report::{Style, comparison_json, comparison_markdown, comparison_text};

use crate::runs::{Server, between};

const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\u{1b}[31m|`@all\u{202e}";

fn told() -> soak::domain::Comparison {
    let worse = Server { memory_mib: 140.0, failing: 0.02, leak_mib_per_hour: 60.0, ..Server::new(2) };
    between(&Server::new(1), &worse)
}

#[test]
fn the_table_tells_the_worst_first_the_answer_last_and_fits_a_terminal() {
    let text = comparison_text(&told(), Style::Plain);
    let worse = text.find("\nWORSE").unwrap();
    assert!(worse < text.find("\nNO DIFFERENCE SHOWN").unwrap(), "{text}");
    assert!(text.lines().last().unwrap().starts_with("REGRESSION: ") || text.contains("\nREGRESSION: "), "{text}");
    assert!(text.contains("Anonymous memory, level") && text.contains("get / GET /, failures"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let coloured = comparison_text(&told(), Style::Colour);
    let plain = ["\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[0m"]
        .iter()
        .fold(coloured.clone(), |text, escape| text.replace(escape, ""));
    assert!(coloured != text && plain == text);
}

#[test]
fn markdown_folds_away_what_does_not_differ() {
    let text = comparison_markdown(&told());
    assert!(text.starts_with("### soak: regression\n"), "{text}");
    let fold = text.find("<details>").unwrap();
    assert!(text.find("| worse |").unwrap() < fold && text.find("| no difference shown |").unwrap() > fold, "{text}");
}

#[test]
fn names_cannot_break_a_report() {
    let mut comparison = told();
    comparison.candidate = HOSTILE.into();
    comparison.reason = HOSTILE.into();
    comparison.notes.push(HOSTILE.into());
    comparison.rows.iter_mut().for_each(|row| {
        row.label = HOSTILE.into();
        row.reason = Some(HOSTILE.into());
    });
    assert!(!comparison_text(&comparison, Style::Plain).contains('\u{1b}'));
    let text = comparison_markdown(&comparison);
    assert!(!text.contains("<img") && !text.contains('\u{1b}') && !text.contains("@all"), "{text}");
}

#[test]
fn the_json_keeps_to_its_published_schema() {
    let mut schema: Value = serde_json::from_str(include_str!("../../docs/compare.schema.json")).unwrap();
    close(&mut schema);
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("compare.json", schema).unwrap();
    let index = compiler.compile("compare.json", &mut schemas).unwrap();
    let mut other_load = Server::new(3);
    other_load.conditions.conditions.traffic = None;
    let short = Server { seconds: 25, ..Server::new(2) };
    for comparison in [told(), between(&Server::new(1), &other_load), between(&short, &short)] {
        let json: Value = serde_json::from_str(&comparison_json(&comparison).unwrap()).unwrap();
        if let Err(error) = schemas.validate(&json, index) {
            panic!("{error:#}\n{json:#}");
        }
    }
}

/// What the schema does not name must not be there: a newer soak may add members, this one adds none unsaid.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(close);
            if object.get("properties").is_some_and(Value::is_object) {
                object.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
