//! The section on the heap: what grows where, what the process's growth is made of, and the flame graph.

use std::fmt::Write as _;

use super::super::escape::markup;
use super::super::heap;
use super::super::material::{Material, sentence};
use super::Pictures;
use super::sections::{open, table};

/// Sites in the table at most; report.json has all.
const SITES: usize = 30;

/// The section, where the run has snapshots.
pub(super) fn heap(out: &mut String, material: &Material<'_>, pictures: &Pictures) {
    let Some(report) = material.heap else { return };
    open(out, "heap", "Heap: what grows where");
    let _ = writeln!(out, "<p>{}</p>", markup(&sentence(&report.finding)));
    if let Some(flame) = &pictures.flame {
        let _ = writeln!(
            out,
            "<figure><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Flame graph of the heap\">{flame}</div></figure>"
        );
    }
    let cells = |cells: [String; 7]| cells.iter().map(|cell| markup(cell)).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = heap::told(&report.growth, SITES).map(|site| cells(heap::cells(site))).collect();
    if !rows.is_empty() {
        table(out, "Call sites of the heap", &heap::HEADS, &rows);
    }
    if let Some(split) = &report.split {
        let _ = writeln!(out, "<h3>What resident memory grew by</h3>\n<p>{}</p>", markup(&sentence(&split.reason)));
        let rows: Vec<Vec<String>> =
            heap::parts(split).into_iter().map(|row| row.map(|cell| markup(&cell)).into()).collect();
        table(out, "Parts of the growth of resident memory", &["Part", "Growth"], &rows);
    }
    for note in &report.growth.notes {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", markup(&sentence(note)));
    }
    out.push_str("</section>\n");
}
