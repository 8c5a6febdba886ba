//! A swing with a period (day and night, a timer): its sine and cosine stand beside every shape, so that the phase in
//! which a run starts and ends is not read as growth.

use std::f64::consts::TAU;

use crate::stats::basis::{Basis, dot};

use super::blocks::Blocks;

/// A swing must leave less than this share of what a line leaves, or it is not the swing that shapes the series.
const LEFT: f64 = 0.35;
/// With fewer than three cycles a swing is easily mistaken for a bend, so that it must explain nearly all.
const LEFT_OF_FEW: f64 = 0.15;

/// The sine and cosine columns of the swing in these blocks; empty where there is none.
pub(super) fn columns(blocks: &Blocks) -> Vec<Vec<f64>> {
    let Some(line) = left(blocks, None) else { return Vec::new() };
    // From two cycles a run, below which it is a bend, to four blocks a cycle, above which the blocks average it away.
    let most = (blocks.value.len() as f64 / 4.0).max(2.0);
    let coarse = (8..).map(|quarter| f64::from(quarter) / 4.0).take_while(|cycles| *cycles <= most);
    let of = |cycles: f64| left(blocks, Some(cycles)).map(|squares| (squares, cycles));
    let Some((_, near)) = coarse.filter_map(of).min_by(|a, b| a.0.total_cmp(&b.0)) else { return Vec::new() };
    let fine = (-10..=10).map(|step| near + f64::from(step) / 50.0);
    let Some((squares, cycles)) = fine.filter_map(of).min_by(|a, b| a.0.total_cmp(&b.0)) else { return Vec::new() };
    let bound = if cycles < 3.0 { LEFT_OF_FEW } else { LEFT };
    if squares < bound * line { swing(blocks, cycles) } else { Vec::new() }
}

fn swing(blocks: &Blocks, cycles: f64) -> Vec<Vec<f64>> {
    let wave = |of: fn(f64) -> f64| blocks.at.iter().map(|at| of(TAU * cycles * at)).collect();
    vec![wave(f64::sin), wave(f64::cos)]
}

fn left(blocks: &Blocks, cycles: Option<f64>) -> Option<f64> {
    let mut basis = Basis::default();
    let lives = blocks.segment.last()? + 1;
    for life in 0..lives {
        basis.push(blocks.segment.iter().map(|&one| f64::from(u8::from(one == life))).collect());
    }
    basis.push(blocks.since.clone());
    for column in blocks.load.iter().cloned().chain(cycles.map(|cycles| swing(blocks, cycles)).unwrap_or_default()) {
        basis.push(column);
    }
    let mut rest = blocks.value.clone();
    basis.take_out(&mut rest);
    Some(dot(&rest, &rest))
}
