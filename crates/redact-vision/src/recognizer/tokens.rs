//! The vocabulary of a Whisper model: what its tokens mean, and how they become words.
//!
//! Tokens are numbered. Those below the first special one are pieces of text: bytes, written as the
//! characters that GPT-2 assigns to them (`bytes_to_unicode` in `src/encoder.py` of openai/gpt-2).
//! Special tokens are found by their names.

use std::collections::BTreeMap;
use std::ops::Range;

use redact_core::BoxError;
use serde::Deserialize;

/// Maximum number of tokens: twice that of the published models.
const TOKENS_MAX: usize = 110_000;
/// First and last special token in front of the languages and behind them.
const START: &str = "<|startoftranscript|>";
const END: &str = "<|endoftext|>";
const TRANSLATE: &str = "<|translate|>";
const TRANSCRIBE: &str = "<|transcribe|>";
const NO_TIMESTAMPS: &str = "<|notimestamps|>";
/// The two names of the token for sound without speech.
const NO_SPEECH: [&str; 2] = ["<|nospeech|>", "<|nocaptions|>"];

/// How the model is to be used, from the `config.json` of its conversion.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Settings {
    /// Layer and head, both from 0, of the attention that follows the sound in time.
    pub(super) alignment_heads: Vec<[usize; 2]>,
    /// Tokens that are never said: signs of music, brackets, and special ones.
    pub(super) suppress_ids: Vec<usize>,
    /// Tokens that do not come first: a space, and the end.
    pub(super) suppress_ids_begin: Vec<usize>,
}

impl Settings {
    /// Reads the file.
    ///
    /// # Errors
    /// It is not JSON, or lacks a key.
    pub(super) fn parse(file: &[u8]) -> Result<Self, BoxError> {
        let settings: Self = serde_json::from_slice(file)?;
        if settings.alignment_heads.is_empty() {
            return Err("no alignment heads in the settings; word times need some".into());
        }
        Ok(settings)
    }
}

/// The tokens of a model.
#[derive(Clone, Debug)]
pub(super) struct Vocabulary {
    /// The bytes of each token of text.
    pieces: Vec<Vec<u8>>,
    /// Number of all tokens.
    pub(super) size: usize,
    /// The end of the text, and the first token that is none.
    pub(super) end: usize,
    /// The start of a text.
    pub(super) start: usize,
    /// Asks for the text in the language that is spoken.
    pub(super) transcribe: usize,
    /// Asks for text without times.
    pub(super) no_timestamps: usize,
    /// Says that there is no speech.
    pub(super) no_speech: usize,
    /// The languages, as in ISO 639-1 (a few in ISO 639-3), and their tokens.
    pub(super) languages: Vec<(String, usize)>,
}

impl Vocabulary {
    /// Reads a vocabulary: one token per line, or a JSON array.
    ///
    /// # Errors
    /// It is neither, or a special token is missing.
    pub(super) fn parse(file: &[u8]) -> Result<Self, BoxError> {
        let text = std::str::from_utf8(file)?;
        let tokens: Vec<String> = if text.starts_with("[\n") {
            serde_json::from_str(text)?
        } else {
            text.lines().map(str::to_owned).collect()
        };
        if tokens.len() > TOKENS_MAX {
            let found = tokens.len();
            return Err(format!("found {found} tokens; at most {TOKENS_MAX} are allowed").into());
        }
        let find = |name: &str| {
            let at = tokens.iter().rposition(|token| token == name);
            at.ok_or_else(|| format!("the vocabulary has no token {name:?}"))
        };
        let (start, end) = (find(START)?, find(END)?);
        let translate = find(TRANSLATE)?;
        let languages = tokens.get(start + 1..translate).unwrap_or(&[]);
        let code = |token: &str| Some(token.strip_prefix("<|")?.strip_suffix("|>")?.to_owned());
        let languages = languages.iter().zip(start + 1..);
        let languages: Vec<_> = languages
            .filter_map(|(token, at)| Some((code(token)?, at)))
            .collect();
        if languages.is_empty() {
            return Err("the vocabulary has no languages".into());
        }
        let bytes = bytes_of_characters();
        let piece = |token: &String| {
            let bytes: Option<Vec<u8>> = token.chars().map(|c| bytes.get(&c).copied()).collect();
            bytes.ok_or_else(|| format!("the vocabulary has an invalid token {token:?}"))
        };
        Ok(Self {
            pieces: tokens[..end].iter().map(piece).collect::<Result<_, _>>()?,
            size: tokens.len(),
            end,
            start,
            transcribe: find(TRANSCRIBE)?,
            no_timestamps: find(NO_TIMESTAMPS)?,
            no_speech: find(NO_SPEECH[0]).or_else(|_| find(NO_SPEECH[1]))?,
            languages,
        })
    }

    /// The token of a language, if the model knows it.
    pub(super) fn language(&self, code: &str) -> Option<usize> {
        let known = self.languages.iter().find(|(known, _)| known == code);
        known.map(|(_, token)| *token)
    }

    /// The text of `tokens`; special ones have none, and bytes that are no text become U+FFFD.
    pub(super) fn text(&self, tokens: &[usize]) -> String {
        String::from_utf8_lossy(&self.bytes(tokens)).into_owned()
    }

    fn bytes(&self, tokens: &[usize]) -> Vec<u8> {
        let pieces = tokens.iter().filter_map(|token| self.pieces.get(*token));
        pieces.flatten().copied().collect()
    }

    /// Divides `tokens` into words at their spaces.
    pub(super) fn words(&self, tokens: &[usize]) -> Vec<WordTokens> {
        let mut words: Vec<WordTokens> = Vec::new();
        // A sign with a space before it, such as an opening quotation mark, belongs to the next.
        let mut joins_next = true;
        for piece in self.whole_pieces(tokens) {
            let spaced = piece.text.starts_with(char::is_whitespace);
            let bare = piece.text.trim();
            let is_sign = !bare.chars().any(char::is_alphanumeric);
            match words.last_mut() {
                Some(word) if !spaced || joins_next || bare.is_empty() => {
                    word.text.push_str(if spaced { bare } else { &piece.text });
                    if !is_sign {
                        let start = word.spoken.as_ref().map_or(piece.tokens.start, |s| s.start);
                        word.spoken = Some(start..piece.tokens.end);
                    }
                    word.tokens.end = piece.tokens.end;
                    joins_next &= is_sign;
                }
                _ => {
                    joins_next = is_sign;
                    words.push(WordTokens {
                        text: piece.text.trim_start().to_owned(),
                        tokens: piece.tokens.clone(),
                        spoken: (!is_sign).then_some(piece.tokens),
                    });
                }
            }
        }
        for word in &mut words {
            word.text = word.text.trim().to_owned();
        }
        words.retain(|word| !word.text.is_empty());
        words
    }

    /// Joins tokens until they are whole characters.
    fn whole_pieces(&self, tokens: &[usize]) -> Vec<TextPiece> {
        let mut pieces = Vec::new();
        let mut start = 0;
        for end in 1..=tokens.len() {
            let bytes = self.bytes(&tokens[start..end]);
            // A character has at most four bytes: what is longer does not become whole.
            let (text, is_whole) = match String::from_utf8(bytes) {
                Ok(text) => (text, true),
                Err(error) => (
                    String::from_utf8_lossy(error.as_bytes()).into_owned(),
                    end == tokens.len() || end - start >= 4,
                ),
            };
            if is_whole {
                let tokens = start..end;
                pieces.push(TextPiece { text, tokens });
                start = end;
            }
        }
        pieces
    }
}

/// Some tokens in a row, and their text.
struct TextPiece {
    text: String,
    tokens: Range<usize>,
}

/// A word, and where it is in a row of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WordTokens {
    /// Its text with its punctuation; never empty.
    pub(super) text: String,
    /// All its tokens.
    pub(super) tokens: Range<usize>,
    /// Its tokens without punctuation around it; `None` if there is nothing else.
    pub(super) spoken: Option<Range<usize>>,
}

/// The byte that each character of a token stands for: printable ones for themselves, and the
/// others, in order, the characters from U+0100 on.
fn bytes_of_characters() -> BTreeMap<char, u8> {
    let is_printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let mut others = (0x100..).filter_map(char::from_u32);
    let character = |byte| {
        if is_printable(byte) {
            char::from(byte)
        } else {
            others.next().expect("there are more characters than bytes")
        }
    };
    let bytes = 0..=u8::MAX;
    bytes.clone().map(character).zip(bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vocabulary of `pieces`, in the characters of the file, and the special tokens.
    fn vocabulary(pieces: &[&str]) -> Vocabulary {
        let special = [
            END,
            START,
            "<|en|>",
            "<|zh|>",
            TRANSLATE,
            TRANSCRIBE,
            "<|nocaptions|>",
            NO_TIMESTAMPS,
        ];
        let lines = [pieces, &special].concat().join("\n");
        Vocabulary::parse(lines.as_bytes()).unwrap()
    }

    fn words(pieces: &[&str]) -> Vec<(String, Range<usize>, Option<Range<usize>>)> {
        let tokens: Vec<usize> = (0..pieces.len()).collect();
        let words = vocabulary(pieces).words(&tokens);
        words
            .into_iter()
            .map(|word| (word.text, word.tokens, word.spoken))
            .collect()
    }

    #[test]
    fn special_tokens_are_found_by_name() {
        let vocabulary = vocabulary(&["a", "b"]);
        assert_eq!((vocabulary.end, vocabulary.start), (2, 3));
        assert_eq!(vocabulary.language("zh"), Some(5));
        assert_eq!(vocabulary.language("xx"), None);
        assert_eq!((vocabulary.no_speech, vocabulary.size), (8, 10));
        let error = Vocabulary::parse(b"a\nb").unwrap_err();
        assert!(error.to_string().contains("startoftranscript"), "{error}");
    }

    #[test]
    fn a_json_array_is_the_same_vocabulary() {
        let lines = vocabulary(&["a", "\u{120}b"]);
        let names = "[\n\"a\", \"\u{120}b\", \"<|endoftext|>\", \"<|startoftranscript|>\", \
                     \"<|en|>\", \"<|zh|>\", \"<|translate|>\", \"<|transcribe|>\", \
                     \"<|nocaptions|>\", \"<|notimestamps|>\"]";
        let json = Vocabulary::parse(names.as_bytes()).unwrap();
        assert_eq!(json.pieces, lines.pieces);
        assert_eq!(json.languages, lines.languages);
    }

    /// Goal: characters of several bytes are put together; lone bytes do no harm.
    #[test]
    fn bytes_become_text() {
        // The bytes of "é" are C3 A9, and stand for themselves; a space is U+0120.
        let vocabulary = vocabulary(&["\u{120}caf", "\u{c3}", "\u{a9}", "\u{10a}"]);
        assert_eq!(vocabulary.text(&[0, 1, 2]), " café");
        assert_eq!(vocabulary.text(&[0, 1]), " caf\u{fffd}");
        assert_eq!(vocabulary.text(&[3]), "\n");
        assert_eq!(vocabulary.text(&[4, 5, 99]), "");
        let words = vocabulary.words(&[0, 1, 2, 1]);
        assert_eq!(words.len(), 1);
        assert_eq!(words[0].text, "café\u{fffd}");
        assert_eq!(words[0].tokens, 0..4);
    }

    #[test]
    fn words_are_divided_at_spaces_and_have_their_punctuation() {
        let found = words(&[
            "\u{120}I",
            "'m",
            "\u{120}Jo",
            "hn",
            ",",
            "\u{120}\"",
            "No",
            ".\"",
        ]);
        let expected = [
            ("I'm".to_owned(), 0..2, Some(0..2)),
            ("John,".to_owned(), 2..5, Some(2..4)),
            ("\"No.\"".to_owned(), 5..8, Some(6..7)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn numbers_stay_together() {
        let found = words(&["\u{120}555", "-", "12", "34", "."]);
        assert_eq!(found, [("555-1234.".to_owned(), 0..5, Some(0..4))]);
    }

    #[test]
    fn signs_alone_are_a_word_without_speech() {
        assert_eq!(words(&["\u{120}..."]), [("...".to_owned(), 0..1, None)]);
        assert_eq!(words(&["\u{120}"]), []);
        assert_eq!(words(&[]), []);
    }

    #[test]
    fn settings_need_alignment_heads() {
        let json = br#"{"alignment_heads": [[3, 1]], "suppress_ids": [1], "lang_ids": [],
                        "suppress_ids_begin": [220]}"#;
        let settings = Settings::parse(json).unwrap();
        assert_eq!(settings.alignment_heads, [[3, 1]]);
        Settings::parse(br#"{"suppress_ids": [1]}"#).unwrap_err();
    }
}
