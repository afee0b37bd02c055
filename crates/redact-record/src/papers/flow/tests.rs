//! Pages hold everything once, within their margins.

use super::wrap::wrap;
use super::*;
use crate::paper::INK;
use crate::pdf::LETTER;
use proptest::prelude::*;

const KIND: fn() -> Type = || Type::new(Style::Regular, 9.0, INK);

fn shown(sheets: &[Sheet]) -> String {
    fn walk(node: &Node, all: &mut String) {
        for mark in &node.marks {
            if let Mark::Text { text, .. } = mark {
                all.push_str(text);
                all.push(' ');
            }
        }
        node.children.iter().for_each(|child| walk(child, all));
    }
    let mut all = String::new();
    for sheet in sheets {
        sheet.nodes.iter().for_each(|node| walk(node, &mut all));
    }
    all
}

fn lowest(sheet: &Sheet) -> f32 {
    fn walk(node: &Node) -> f32 {
        let own = node.marks.iter().map(|mark| match mark {
            Mark::Text { at, .. } => at[1],
            Mark::Bar { at, size, .. } => at[1] + size[1],
        });
        own.chain(node.children.iter().map(walk))
            .fold(0.0, f32::max)
    }
    sheet.nodes.iter().map(walk).fold(0.0, f32::max)
}

/// Goal: a row longer than a page goes on, with every word once and nothing below the margin.
#[test]
fn a_row_longer_than_a_page_is_continued() {
    let fonts = Fonts::load();
    let mut flow = Flow::new(&fonts, LETTER, 54.0);
    let long: String = (0..3000).map(|at| format!("word{at} ")).collect();
    let column = |title: &str, width| Column {
        title: title.to_owned(),
        width,
        right: false,
    };
    let columns = [column("One", 100.0), column("Two", 200.0)];
    let cell = |text: &str| vec![(KIND(), plain(text))];
    flow.table(
        KIND(),
        &columns,
        &[
            vec![cell("short"), cell(&long)],
            vec![cell("next"), cell("row")],
        ],
    );
    let sheets = flow.finish("Foot");
    assert!(sheets.len() > 3, "{}", sheets.len());
    let text = shown(&sheets);
    for at in 0..3000 {
        let word = format!("word{at} ");
        assert_eq!(text.matches(&word).count(), 1, "{word}");
    }
    assert_eq!(
        text.matches("One").count(),
        sheets.len(),
        "the header is on every page"
    );
    assert!(text.contains(&format!("Page 2 of {}", sheets.len())));
    assert!(sheets.iter().all(|sheet| lowest(sheet) <= LETTER[1] - 54.0));
}

/// Goal: a letter of any length stays within its pages.
#[test]
fn a_long_letter_is_continued() {
    let fonts = Fonts::load();
    let mut flow = Flow::new(&fonts, LETTER, 72.0);
    let text: String = (0..400)
        .map(|at| {
            format!(
                "Paragraph{at} {}\n\n- item{at}\n\n",
                "and more ".repeat(at % 90)
            )
        })
        .collect();
    flow.blocks(KIND(), &crate::letters::blocks(&text));
    let sheets = flow.finish("Foot");
    let text = shown(&sheets);
    for at in 0..400 {
        assert_eq!(text.matches(&format!("item{at} ")).count(), 1, "{at}");
    }
    assert!(sheets.len() > 5);
    assert!(sheets.iter().all(|sheet| lowest(sheet) <= LETTER[1] - 72.0));
}

proptest! {
    /// Goal: no line is wider than its column, and no letter is lost.
    #[test]
    fn lines_fit_and_nothing_is_lost(parts in prop::collection::vec(("[a-z \u{e9}]{0,30}", any::<bool>()), 0..6), width in 20.0_f32..200.0) {
        let fonts = Fonts::load();
        let span = |(text, strong)| Span { text, strong, ..Span::default() };
        let spans: Vec<Span> = parts.into_iter().map(span).collect();
        let lines = wrap(&fonts, KIND(), &spans, width);
        for line in &lines {
            let wide: f32 = line.iter().map(|(style, text)| fonts.width(*style, 9.0, text)).sum();
            prop_assert!(wide <= width + 0.01, "{wide} of {width}: {line:?}");
        }
        let squeezed = |text: String| text.split_whitespace().collect::<String>();
        let all = lines.concat().into_iter().map(|(_, text)| text).collect::<String>();
        let expected = spans.into_iter().map(|span| span.text).collect::<String>();
        prop_assert_eq!(squeezed(all), squeezed(expected));
    }
}
