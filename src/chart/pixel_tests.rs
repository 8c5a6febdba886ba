//! Claims on the pixels of charts: words are as wide as they were measured, and no line lies where no value is.

use super::tests::{CANVAS, MIB, assessment, metric_scene, series, set_of};
use super::*;
use crate::domain::{SeriesSet, Unit};

#[test]
fn words_are_measured_as_wide_as_they_are_drawn() {
    text::register().unwrap();
    for (words, weight, name) in [
        ("Anonymous memory grows 12.4 MiB/h (11.9 to 12.8)", text::Weight::Regular, "normal"),
        ("File descriptors steady: growth above 0.3/h", text::Weight::Bold, "bold"),
    ] {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"2000\" height=\"100\"><text y=\"50\" font-family=\"{}\" \
             font-weight=\"{name}\" font-size=\"40\">{words}</text></svg>",
            text::FAMILY
        );
        let pixels = raster::pixels(&svg).unwrap();
        let is_inked = |x: &u32| (0..100).any(|y| pixels.pixel(*x, y).is_some_and(|pixel| pixel.alpha() > 0));
        let drawn = f64::from((0..2_000).rev().find(is_inked).unwrap());
        let measured = text::width(words, 40.0, weight);
        assert!((measured / drawn - 1.0).abs() < 0.03, "{words}: measured {measured}, drawn {drawn}");
    }
}

/// The pixels of a chart's PNG that are as blue as the data line, as (column, row).
fn blue_pixels(bytes: &[u8]) -> Vec<(u32, u32)> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let is_blue = |pixel: &[u8]| i32::from(pixel[2]) - i32::from(pixel[0]) > 60;
    let place = |(index, _)| (index as u32 % info.width, index as u32 / info.width);
    pixels.chunks_exact(3).enumerate().filter(|(_, pixel)| is_blue(pixel)).map(place).collect()
}

/// 12 h of noise around 100 MiB with one sample of 180 MiB: a line of many joins and one sharp point.
fn spiked() -> SeriesSet {
    let mut state = 88_172_645_463_325_252_u64;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut values: Vec<f64> = (0..43_200).map(|_| (100.0 + 8.0 * noise()) * MIB).collect();
    values[20_000] = 180.0 * MIB;
    set_of(series("rss_anon", Unit::Bytes, values))
}

/// The drawing of a set's only series: its blue pixels within the plot, the plot, and the row of a value.
struct Drawing {
    blue: Vec<(u32, u32)>,
    plot: layout::Rect,
    scene: scene::Scene,
}

impl Drawing {
    fn of(set: &SeriesSet) -> Self {
        let assessment = assessment(Vec::new());
        let options = ChartOptions { metrics: vec![set.series[0].name.clone()], ..ChartOptions::default() };
        let file = render(&Source::of_series("x.csv", set), &assessment, &options).unwrap().remove(0);
        let scene = metric_scene(set, &assessment);
        let plot = layout::place(&scene, CANVAS, CANVAS.scale()).panels[0].plot;
        let inside =
            |(x, y): &(u32, u32)| f64::from(*x) > plot.left && f64::from(*y) > plot.top && f64::from(*y) < plot.bottom;
        Self { blue: blue_pixels(&file.bytes).into_iter().filter(inside).collect(), plot, scene }
    }

    fn row_of(&self, value: f64) -> f64 {
        self.plot.bottom - self.scene.panels[0].values.share(value) * (self.plot.bottom - self.plot.top)
    }

    fn highest(&self) -> (f64, f64) {
        let (column, row) = *self.blue.iter().min_by_key(|(_, row)| *row).unwrap();
        (f64::from(column), f64::from(row))
    }
}

#[test]
fn a_pointed_corner_does_not_rise_above_its_value() {
    // Corners of 32 degrees, which a pointed join would carry on by five pixels.
    let mut values: Vec<f64> = (0..80).map(|index| if index % 2 == 0 { 100.0 * MIB } else { 87.5 * MIB }).collect();
    values[0] = 0.0;
    let drawing = Drawing::of(&set_of(series("rss", Unit::Bytes, values)));
    let off = drawing.highest().1 - drawing.row_of(100.0 * MIB);
    assert!(off.abs() <= 1.5, "the highest pixel is off by {off}");
}

#[test]
fn the_pieces_of_a_line_meet_and_leave_nothing_out() {
    for count in [0, 1, 2, 120, 121, 122, 500] {
        let points: Vec<usize> = (0..count).collect();
        let segments: Vec<[usize; 2]> =
            paint::pieces(&points).flat_map(|piece| piece.windows(2)).map(|pair| [pair[0], pair[1]]).collect();
        let whole: Vec<[usize; 2]> = points.windows(2).map(|pair| [pair[0], pair[1]]).collect();
        assert_eq!(segments, whole, "{count} points");
    }
}

#[test]
fn no_pixel_of_the_data_lies_beyond_the_values_it_stands_for() {
    let set = spiked();
    let drawing = Drawing::of(&set);
    let (plot, row_of) = (drawing.plot, |value| drawing.row_of(value));
    let (column, row) = drawing.highest();
    let spike_column = plot.left + drawing.scene.time.share(20_000.0) * (plot.right - plot.left);
    assert!((row - row_of(180.0 * MIB)).abs() <= 1.5, "highest pixel in row {row}");
    assert!((column - spike_column).abs() <= 1.5, "highest pixel in column {column}, not {spike_column}");

    // plotters' own bitmap lines draw spikes of up to 20 MiB into such series (plotters #549).
    let per_column = 43_199.0 / (plot.right - plot.left);
    for &(column, row) in &drawing.blue {
        let from = ((f64::from(column) - plot.left - 2.0) * per_column).max(0.0) as usize;
        let until = ((f64::from(column) - plot.left + 3.0) * per_column).min(43_200.0) as usize;
        let near = &set.series[0].values[from..until];
        let (top, bottom) =
            (near.iter().fold(f64::MIN, |a, b| a.max(*b)), near.iter().fold(f64::MAX, |a, b| a.min(*b)));
        let (highest, lowest) = (row_of(top) - 2.0, row_of(bottom) + 2.0);
        assert!(
            (highest..=lowest).contains(&f64::from(row)),
            "a pixel at column {column}, row {row} stands for nothing"
        );
    }
}
