//! A timeline as an SVG drawing.

use super::{LaneKind, LaneRow, Timeline};

/// Position and size of the lanes, in the drawing's units.
#[derive(Clone, Copy)]
pub(crate) struct LaneArea {
    /// Left end of the bars.
    pub(crate) left: f32,
    /// Width of the area for bars.
    pub(crate) width: f32,
    /// Distance from one lane to the next.
    pub(crate) lane_height: usize,
}

/// A timeline, laid out for printing.
pub(crate) struct Drawing {
    /// The timeline as text, for screen readers.
    pub(crate) text: String,
    /// Height of the whole drawing.
    pub(crate) height: usize,
    /// Position of the time axis.
    pub(crate) axis: usize,
    /// Position and label of each mark on the axis.
    pub(crate) ticks: Vec<(String, String)>,
    /// The lanes, from the top.
    pub(crate) lanes: Vec<DrawnLane>,
}

/// One lane.
pub(crate) struct DrawnLane {
    /// Its label.
    pub(crate) label: String,
    /// `12.4 s in 3 spans`.
    pub(crate) total: String,
    /// Its top.
    pub(crate) top: usize,
    /// Its class in the style sheet.
    pub(crate) class: &'static str,
    /// Left end and width of each bar.
    pub(crate) bars: Vec<(String, String)>,
}

impl Drawing {
    /// Lays out the lanes of `timeline` in `area`.
    pub(crate) fn new(timeline: &Timeline, area: LaneArea) -> Self {
        let place = |fraction: f32| unit(area.left + fraction * area.width);
        let lane = |(index, row): (usize, LaneRow)| DrawnLane {
            top: index * area.lane_height,
            class: match row.kind {
                LaneKind::Picture => "picture",
                LaneKind::Sound => "sound",
            },
            bars: row
                .bars
                .iter()
                .map(|(start, length)| (place(*start), unit(length * area.width)))
                .collect(),
            label: row.label,
            total: row.total,
        };
        let lanes: Vec<DrawnLane> = timeline.rows().into_iter().enumerate().map(lane).collect();
        let axis = lanes.len() * area.lane_height;
        let ticks = timeline.ticks().into_iter();
        Self {
            text: timeline.text(),
            height: axis + 24,
            axis,
            ticks: ticks.map(|tick| (place(tick.at), tick.label)).collect(),
            lanes,
        }
    }
}

fn unit(length: f32) -> String {
    format!("{length:.1}")
}
