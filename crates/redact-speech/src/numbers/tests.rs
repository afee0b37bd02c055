use proptest::prelude::*;
use redact_core::{TimeSpan, Word};

use super::*;
use crate::token::tokens;

fn symbols_of(text: &str) -> Vec<String> {
    let words: Vec<Word> = (0i64..)
        .zip(text.split_whitespace())
        .map(|(at, text)| Word {
            text: text.to_owned(),
            span: TimeSpan::new(at, at + 1).expect("not empty"),
            probability: 1.0,
        })
        .collect();
    let read = |run: &Run| String::from_utf8(run.symbols.clone()).expect("ASCII");
    runs(&tokens(&words)).iter().map(read).collect()
}

#[test]
fn numbers_are_read_as_they_are_said() {
    for (text, expected) in [
        ("five five five, oh one four two", "5550142"),
        ("555-0142.", "5550142"),
        ("(206) 555 01 42", "2065550142"),
        ("forty two ten", "4210"),
        ("forty-two ten", "4210"),
        ("five five five double seven triple one", "55577111"),
        ("nineteen eighty seven", "1987"),
        ("nineteen oh five", "1905"),
        ("twenty twenty one", "2021"),
        ("forty two hundred", "4200"),
        ("one hundred and fifty two", "152"),
        ("two thousand five", "2005"),
        ("seven Adam Boy Charles one two three", "7abc123"),
        ("7ABC123", "7abc123"),
        ("7 A B C 123", "7abc123"),
        ("G-A-R-Z-A", "garza"),
        ("5 5 5 to 1 4 2", "555142"),
        ("five five uh five dash zero one", "55501"),
        ("niner niner oh", "990"),
    ] {
        assert_eq!(symbols_of(text), [expected], "{text}");
    }
    assert_eq!(symbols_of("b as in boy, 4"), ["bb4"]);
}

#[test]
fn times_money_and_ordinals_are_no_digits() {
    for text in [
        "3:15",
        "$20",
        "4th",
        "20%",
        "3pm",
        "1990s",
        "a man",
        "John went",
        "DUI",
        "10/2",
    ] {
        assert_eq!(symbols_of(text), [""; 0], "{text}");
    }
}

proptest! {
    #[test]
    fn digits_survive_being_said(digits in prop::collection::vec(0usize..10, 1..30)) {
        let names = [
            "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
        ];
        let said: Vec<&str> = digits.iter().map(|digit| names[*digit]).collect();
        let written: String = digits.iter().map(ToString::to_string).collect();
        prop_assert_eq!(symbols_of(&said.join(" ")), [written.clone()]);
        prop_assert_eq!(symbols_of(&written), [written]);
    }

    #[test]
    fn pairs_survive_being_said(pairs in prop::collection::vec(10u8..100, 1..9)) {
        let tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty",
            "ninety"];
        let small = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
            "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
            "eighteen", "nineteen"];
        let said: Vec<String> = pairs.iter().map(|pair| {
            let pair = usize::from(*pair);
            if pair < 20 { small[pair].to_owned() } else {
                format!("{} {}", tens[pair / 10], small[pair % 10])
            }
        }).collect();
        let written: String = pairs.iter().map(ToString::to_string).collect();
        prop_assert_eq!(symbols_of(&said.join(" ")), [written]);
    }
}
