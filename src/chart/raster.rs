//! From SVG to PNG, with the embedded font and nothing of the system.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::render::ChartError;
use super::text;

/// The pixels of an SVG as PNG bytes.
///
/// # Errors
/// [`ChartError::Svg`] where the SVG cannot be read, [`ChartError::Size`] where no such picture fits into memory,
/// [`ChartError::Png`] where the encoder fails.
pub(super) fn png(svg: &str) -> Result<Vec<u8>, ChartError> {
    encode(&pixels(svg)?)
}

/// The pixels of an SVG.
///
/// # Errors
/// As [`png`], but for the encoder's.
pub(super) fn pixels(svg: &str) -> Result<Pixmap, ChartError> {
    let options = Options { font_family: "Inter".to_owned(), fontdb: fonts(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(ChartError::Svg)?;
    let size = tree.size().to_int_size();
    let (width, height) = (size.width(), size.height());
    let mut pixmap = Pixmap::new(width, height).ok_or(ChartError::Size { width, height })?;
    resvg::render(&tree, Transform::default(), &mut pixmap.as_mut());
    Ok(pixmap)
}

/// The pixels as PNG bytes: without alpha, because every picture has an opaque background.
fn encode(pixmap: &Pixmap) -> Result<Vec<u8>, ChartError> {
    let rgb: Vec<u8> = pixmap.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixmap.width(), pixmap.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Half the size of the crate's fast mode for two more milliseconds; its default takes ten times as long for a third less.
    encoder.set_deflate_compression(png::DeflateCompression::Level(1));
    encoder.set_filter(png::Filter::Up);
    let mut writer = encoder.write_header().map_err(ChartError::Png)?;
    writer.write_image_data(&rgb).map_err(ChartError::Png)?;
    writer.finish().map_err(ChartError::Png)?;
    Ok(bytes)
}

/// A data base of the embedded faces alone.
fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let load = || {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(text::REGULAR.to_vec());
        fonts.load_font_data(text::SEMI_BOLD.to_vec());
        fonts.set_sans_serif_family("Inter");
        Arc::new(fonts)
    };
    FONTS.get_or_init(load).clone()
}
