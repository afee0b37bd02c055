//! A timeline in the units of an SVG drawing.

use super::{LaneKind, LaneRow, Timeline};

/// Where and how large the lanes are, in the drawing's units.
#[derive(Clone, Copy)]
pub(crate) struct LaneArea {
    /// Left end of the bars.
    pub(crate) left: f32,
    /// Width of the bars' area.
    pub(crate) width: f32,
    /// From one lane to the next.
    pub(crate) lane_height: usize,
}

/// A timeline, placed and ready to print.
pub(crate) struct Drawing {
    /// The same in words, for readers who do not see it.
    pub(crate) text: String,
    /// Height of the whole drawing.
    pub(crate) height: usize,
    /// Where the time axis is.
    pub(crate) axis: usize,
    /// Place and label of each mark on the axis.
    pub(crate) ticks: Vec<(String, String)>,
    /// The lanes, from the top.
    pub(crate) lanes: Vec<DrawnLane>,
}

/// One lane.
pub(crate) struct DrawnLane {
    /// Its name.
    pub(crate) label: String,
    /// `12.4 s in 3 spans`.
    pub(crate) total: String,
    /// Its upper end.
    pub(crate) top: usize,
    /// Its class in the style sheet.
    pub(crate) class: &'static str,
    /// Left end and width of each bar.
    pub(crate) bars: Vec<(String, String)>,
}

impl Drawing {
    /// Places the lanes of `timeline` in `area`.
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
