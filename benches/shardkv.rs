//! Measures how throughput grows with the number of groups, in the model of the
//! test `throughput_grows_with_groups_4B`, and draws `docs/throughput.svg`.

use std::error::Error;

use plotters::prelude::*;
use tester::Context;

/// The harness and the model of the tests.
#[path = "../shardkv/tests/shardkv"]
#[expect(dead_code, unused_imports, reason = "the tests use all of it")]
mod tests {
    pub(crate) mod harness;
    pub(crate) mod throughput;
}

use tests::{harness, throughput};

/// The path of the picture.
const PICTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/throughput.svg");

/// Width and height of the picture in pixels.
const SIZE: (u32, u32) = (640, 400);

/// Height of letters in pixels.
const LETTERS: i32 = 14;

/// A number of groups, and its operations per second.
type Point = (f64, f64);

fn main() {
    tester::test_in_virtual_time(
        "Throughput of groups that apply an entry per millisecond",
        |ctx| {
            let points = measure(ctx);
            draw(&points).unwrap_or_else(|error| panic!("cannot draw {PICTURE}: {error}"));
            ctx.print("wrote docs/throughput.svg");
        },
    );
}

/// Measures all numbers of groups, and prints a table.
fn measure(ctx: &Context) -> Vec<Point> {
    ctx.print("groups  ops/s  times one group");
    let mut one = None;
    let measure = |groups: usize| {
        let rate = throughput::throughput(ctx, groups);
        let times = rate / *one.get_or_insert(rate);
        ctx.print(&format!("{groups:6} {rate:6.0} {times:16.2}"));
        (groups as f64, rate)
    };
    throughput::GROUPS.into_iter().map(measure).collect()
}

/// Draws the points, and a line for throughput in exact proportion to the
/// number of groups.
fn draw(points: &[Point]) -> Result<(), Box<dyn Error>> {
    let (_, one) = points[0];
    let area = SVGBackend::new(PICTURE, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..10.5, 0.0..10.5 * one)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .label_style(("sans-serif", LETTERS))
        .axis_desc_style(("sans-serif", LETTERS))
        .x_desc("replica groups, of three servers each")
        .y_desc("operations per second")
        .x_label_formatter(&|groups| format!("{groups:.0}"))
        .y_label_formatter(&|rate| format!("{rate:.0}"))
        .draw()?;
    let proportional = [(0.0, 0.0), (10.5, 10.5 * one)];
    chart
        .draw_series(LineSeries::new(proportional, BLACK.mix(0.4)))?
        .label("in proportion to one group")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], BLACK.mix(0.4)));
    chart
        .draw_series(points.iter().map(|&point| Circle::new(point, 5, BLUE.filled())))?
        .label("measured")
        .legend(|(x, y)| Circle::new((x + 8, y), 5, BLUE.filled()));
    chart.configure_series_labels().position(SeriesLabelPosition::UpperLeft).margin(16).draw()?;
    area.present()?;
    Ok(())
}
