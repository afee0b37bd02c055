//! Finds the most probable text by beam search: the best few beginnings of a text are continued
//! side by side, token by token. The same sound gives the same text.
//!
//! Source of the rules: `whisper/decoding.py` of openai-whisper 20250625 (`SuppressTokens`,
//! `SuppressBlank`, `BeamSearchDecoder`, `DecodingTask`), without its random fallback.

use redact_core::DetectError;

use super::tokens::{Settings, Vocabulary};

/// Maximum number of tokens of a text: half of the model's positions, as it was trained.
pub(super) const TOKENS_MAX: usize = 224;
/// A text loops if its end is one piece of up to this many tokens, over and over.
const LOOP_PIECE_MAX: usize = 12;
/// How often the piece is there, and how long all of them are at least, in tokens.
const LOOP_TIMES: usize = 5;
const LOOP_TOKENS: usize = 20;

/// A model that continues texts.
pub(super) trait TextModel {
    /// Starts one text with `prompt`, and returns the logits after its first and its last token.
    fn start(&mut self, prompt: &[usize]) -> Result<[Vec<f32>; 2], DetectError>;

    /// Continues texts: each new text is the text at that place of the last call, and one more
    /// token. Returns the logits after each, row by row.
    fn advance(&mut self, texts: &[(usize, usize)]) -> Result<Vec<f32>, DetectError>;
}

/// What a model made of a sound.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DecodedText {
    /// The tokens of the text, without prompt and end.
    pub(super) tokens: Vec<usize>,
    /// Natural logarithm of the probability of each.
    pub(super) log_probabilities: Vec<f32>,
    /// The mean of these, and of that of the end.
    pub(super) mean_log_probability: f32,
    /// Whether it comes to an end.
    pub(super) complete: bool,
    /// The most probable language, and its probability.
    pub(super) language: (String, f32),
    /// The probability that there is no speech.
    pub(super) silence_probability: f32,
}

/// The beginning of a text, or a whole one.
#[derive(Clone, Debug, Default)]
struct Hypothesis {
    tokens: Vec<usize>,
    log_probabilities: Vec<f32>,
    sum: f32,
}

impl Hypothesis {
    fn with(&self, token: usize, log_probability: f32) -> Self {
        let mut next = self.clone();
        next.tokens.push(token);
        next.log_probabilities.push(log_probability);
        next.sum += log_probability;
        next
    }

    /// The logarithm of its probability per token, with the end.
    fn mean(&self) -> f32 {
        self.sum / (self.tokens.len() + 1) as f32
    }
}

/// A whole text, or one that was given up.
#[derive(Clone, Debug)]
struct Ending {
    text: Hypothesis,
    complete: bool,
}

/// The prompt for a text in `language`, a token.
pub(super) fn prompt(vocabulary: &Vocabulary, language: usize) -> [usize; 4] {
    [
        vocabulary.start,
        language,
        vocabulary.transcribe,
        vocabulary.no_timestamps,
    ]
}

/// Finds the text; `beams` is the number of beginnings that are continued side by side.
pub(super) fn decode(
    model: &mut dyn TextModel,
    vocabulary: &Vocabulary,
    settings: &Settings,
    language: usize,
    beams: usize,
) -> Result<DecodedText, DetectError> {
    let [first, last] = model.start(&prompt(vocabulary, language))?;
    let search = Search {
        vocabulary,
        settings,
        beams,
    };
    let ending = search.run(model, last)?;
    Ok(DecodedText {
        mean_log_probability: ending.text.mean(),
        tokens: ending.text.tokens,
        log_probabilities: ending.text.log_probabilities,
        complete: ending.complete,
        language: most_probable_language(vocabulary, &first),
        silence_probability: log_softmax(&first)[vocabulary.no_speech].exp(),
    })
}

struct Search<'a> {
    vocabulary: &'a Vocabulary,
    settings: &'a Settings,
    beams: usize,
}

impl Search<'_> {
    fn run(&self, model: &mut dyn TextModel, logits: Vec<f32>) -> Result<Ending, DetectError> {
        let mut open = vec![Hypothesis::default()];
        let mut logits = logits;
        let mut endings: Vec<Ending> = Vec::new();
        for _ in 0..TOKENS_MAX {
            let steps = self.steps(&open, &logits, &mut endings);
            if steps.is_empty() || endings.len() >= self.beams {
                open.clear();
                break;
            }
            let texts: Vec<_> = steps.iter().map(|step| (step.from, step.token)).collect();
            open = steps
                .iter()
                .map(|step| open[step.from].with(step.token, step.log_probability))
                .collect();
            logits = model.advance(&texts)?;
        }
        // Only texts that reached the limit are still open.
        endings.extend(open.into_iter().map(|text| Ending {
            text,
            complete: false,
        }));
        // A text that was given up counts only if there is no other.
        let order = |a: &Ending, b: &Ending| {
            let complete = a.complete.cmp(&b.complete);
            complete.then(a.text.mean().total_cmp(&b.text.mean()))
        };
        Ok(endings
            .into_iter()
            .reduce(|best, next| {
                if order(&best, &next).is_lt() {
                    next
                } else {
                    best
                }
            })
            .expect("the search ends with a text or goes on with some"))
    }

    /// The best continuations of all open texts. What ends is added to `endings`.
    fn steps(
        &self,
        open: &[Hypothesis],
        logits: &[f32],
        endings: &mut Vec<Ending>,
    ) -> Vec<Continuation> {
        let rows = logits.chunks(self.vocabulary.size);
        let mut found: Vec<Continuation> = Vec::new();
        for (from, (text, row)) in open.iter().zip(rows).enumerate() {
            let row = self.allowed(row, text.tokens.is_empty());
            // One more than are continued, because one of them may be the end.
            for (token, log_probability) in highest(&row, self.beams + 1) {
                found.push(Continuation {
                    from,
                    token,
                    log_probability,
                    sum: text.sum + log_probability,
                });
            }
        }
        // The sort is stable: of equals, the first text goes on.
        found.sort_by(|a, b| b.sum.total_cmp(&a.sum));
        let mut steps: Vec<Continuation> = Vec::new();
        for step in found {
            let text = &open[step.from];
            if step.token == self.vocabulary.end {
                let text = Hypothesis {
                    sum: step.sum,
                    ..text.clone()
                };
                let complete = true;
                endings.push(Ending { text, complete });
            } else if loops(&text.tokens, step.token) {
                let text = text.with(step.token, step.log_probability);
                let complete = false;
                endings.push(Ending { text, complete });
            } else {
                steps.push(step);
            }
            if steps.len() == self.beams {
                break;
            }
        }
        steps
    }

    /// Log-probabilities without those of tokens that are never said: special ones, times, and
    /// those of the settings.
    fn allowed(&self, logits: &[f32], is_first: bool) -> Vec<f32> {
        let mut row = logits.to_vec();
        row[self.vocabulary.end + 1..].fill(f32::NEG_INFINITY);
        let begin: &[usize] = if is_first {
            &self.settings.suppress_ids_begin
        } else {
            &[]
        };
        for token in self.settings.suppress_ids.iter().chain(begin) {
            if let Some(value) = row.get_mut(*token) {
                *value = f32::NEG_INFINITY;
            }
        }
        log_softmax(&row)
    }
}

/// One more token for an open text.
#[derive(Clone, Copy, Debug)]
struct Continuation {
    from: usize,
    token: usize,
    log_probability: f32,
    sum: f32,
}

/// The `count` highest values with their places, highest first; of equals the first ones.
fn highest(row: &[f32], count: usize) -> Vec<(usize, f32)> {
    let mut found: Vec<(usize, f32)> = Vec::with_capacity(count + 1);
    for (at, &value) in row.iter().enumerate() {
        let is_full = found.len() == count;
        if value == f32::NEG_INFINITY || (is_full && value <= found[count - 1].1) {
            continue;
        }
        let place = found.partition_point(|(_, other)| *other >= value);
        found.insert(place, (at, value));
        found.truncate(count);
    }
    found
}

/// Whether `tokens` with `next` end in one piece over and over.
fn loops(tokens: &[usize], next: usize) -> bool {
    let back = |distance: usize| match distance {
        0 => Some(next),
        _ => tokens.len().checked_sub(distance).map(|at| tokens[at]),
    };
    (1..=LOOP_PIECE_MAX).any(|piece| {
        let length = (piece * LOOP_TIMES).max(LOOP_TOKENS);
        length <= tokens.len() + 1 && (0..length - piece).all(|at| back(at) == back(at + piece))
    })
}

fn most_probable_language(vocabulary: &Vocabulary, logits: &[f32]) -> (String, f32) {
    let languages = &vocabulary.languages;
    let row: Vec<f32> = languages.iter().map(|(_, token)| logits[*token]).collect();
    let row = log_softmax(&row);
    let best = highest(&row, 1);
    best.first().map_or_else(
        || (String::new(), 0.0),
        |&(at, value)| (languages[at].0.clone(), value.exp()),
    )
}

fn log_softmax(row: &[f32]) -> Vec<f32> {
    let highest = row.iter().copied().fold(f32::MIN, f32::max);
    let sum: f32 = row.iter().map(|value| (value - highest).exp()).sum();
    let shift = highest + sum.ln();
    row.iter().map(|value| value - shift).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &str = "a\nb\nc\nd\n<|endoftext|>\n<|startoftranscript|>\n<|en|>\n<|es|>\n\
                         <|translate|>\n<|transcribe|>\n<|nocaptions|>\n<|notimestamps|>";
    const END: usize = 4;
    const SIZE: usize = 12;

    /// Tokens and their probabilities.
    type Chances = [(usize, f32)];

    /// A model that knows the probabilities after some texts; others go on with `otherwise`.
    struct Table {
        texts: Vec<Vec<usize>>,
        after: Vec<(Vec<usize>, Box<Chances>)>,
        otherwise: usize,
        calls: usize,
    }

    impl Table {
        fn new(after: &[(&[usize], &Chances)], otherwise: usize) -> Self {
            let after = after
                .iter()
                .map(|(text, next)| (text.to_vec(), (*next).into()));
            Self {
                texts: vec![Vec::new()],
                after: after.collect(),
                otherwise,
                calls: 0,
            }
        }

        fn logits(&self, text: &[usize]) -> Vec<f32> {
            let mut row = vec![-20.0; SIZE];
            let known = self.after.iter().find(|(known, _)| known == text);
            let next = known.map_or(vec![(self.otherwise, 1.0)], |(_, next)| next.to_vec());
            for (token, probability) in next {
                row[token] = probability.ln();
            }
            row
        }
    }

    impl TextModel for Table {
        fn start(&mut self, prompt: &[usize]) -> Result<[Vec<f32>; 2], DetectError> {
            assert_eq!(prompt, [5, 6, 9, 11]);
            let mut first = vec![-20.0; SIZE];
            for (token, probability) in [(6, 0.6_f32), (7, 0.2), (10, 0.2)] {
                first[token] = probability.ln();
            }
            Ok([first, self.logits(&[])])
        }

        fn advance(&mut self, texts: &[(usize, usize)]) -> Result<Vec<f32>, DetectError> {
            self.calls += 1;
            let next = texts.iter().map(|(from, token)| {
                let mut text = self.texts[*from].clone();
                text.push(*token);
                text
            });
            self.texts = next.collect();
            Ok(self
                .texts
                .iter()
                .flat_map(|text| self.logits(text))
                .collect())
        }
    }

    fn decoded(table: &mut Table, beams: usize, suppressed: &[usize]) -> DecodedText {
        let vocabulary = Vocabulary::parse(NAMES.as_bytes()).unwrap();
        let settings = Settings {
            alignment_heads: vec![[0, 0]],
            suppress_ids: suppressed.to_vec(),
            suppress_ids_begin: vec![END],
        };
        decode(table, &vocabulary, &settings, 6, beams).unwrap()
    }

    fn forked() -> Table {
        Table::new(
            &[
                (&[], &[(0, 0.6), (1, 0.4)]),
                (&[0], &[(2, 0.5), (3, 0.5)]),
                (&[1], &[(2, 0.99), (3, 0.01)]),
            ],
            END,
        )
    }

    /// Goal: one beam takes the best token each time; several find the better text behind a worse
    /// beginning.
    #[test]
    fn several_beams_find_the_better_text() {
        let greedy = decoded(&mut forked(), 1, &[]);
        assert_eq!(
            (greedy.tokens.as_slice(), greedy.complete),
            ([0, 2].as_slice(), true)
        );
        assert!((greedy.mean_log_probability - 0.3_f32.ln() / 3.0).abs() < 1e-3);
        let best = decoded(&mut forked(), 3, &[]);
        assert_eq!(best.tokens, [1, 2]);
        assert!((best.log_probabilities[0] - 0.4_f32.ln()).abs() < 1e-3);
    }

    #[test]
    fn language_and_silence_are_those_of_the_first_token() {
        let text = decoded(&mut forked(), 1, &[]);
        assert_eq!(text.language.0, "en");
        assert!((text.language.1 - 0.75).abs() < 1e-3);
        assert!((text.silence_probability - 0.2).abs() < 1e-3);
    }

    #[test]
    fn suppressed_tokens_are_not_said() {
        assert_eq!(decoded(&mut forked(), 1, &[0]).tokens, [1, 2]);
        // The end is not allowed as the first token, special ones never.
        let mut silent = Table::new(&[(&[], &[(END, 0.9), (7, 0.09), (3, 0.01)])], END);
        assert_eq!(decoded(&mut silent, 2, &[]).tokens, [3]);
    }

    /// Goal: a loop is given up soon, and so is a text without an end.
    #[test]
    fn loops_are_given_up() {
        let mut table = Table::new(&[], 1);
        let text = decoded(&mut table, 1, &[]);
        assert_eq!((text.tokens, text.complete), (vec![1; LOOP_TOKENS], false));
        assert!(table.calls < LOOP_TOKENS);
    }

    #[test]
    fn pieces_repeated_often_are_loops() {
        let of = |tokens: &[usize]| {
            let (next, before) = tokens.split_last().unwrap();
            loops(before, *next)
        };
        assert!(of(&[1; LOOP_TOKENS]));
        assert!(!of(&[1; LOOP_TOKENS - 1]));
        assert!(of(&[
            &[9, 9, 9],
            [1, 2, 3, 4, 5].repeat(LOOP_TIMES).as_slice()
        ]
        .concat()));
        assert!(!of(&[1, 2, 3, 4, 5].repeat(LOOP_TIMES - 1)));
        assert!(!of(&(0..200).collect::<Vec<_>>()));
    }

    #[test]
    fn the_highest_values_come_first_and_equals_in_order() {
        let row = [1.0, 3.0, f32::NEG_INFINITY, 3.0, 2.0];
        assert_eq!(highest(&row, 3), [(1, 3.0), (3, 3.0), (4, 2.0)]);
        assert_eq!(highest(&row, 9).len(), 4);
        assert_eq!(highest(&[], 2), []);
    }
}
