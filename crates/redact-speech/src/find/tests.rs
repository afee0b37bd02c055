use proptest::prelude::*;
use redact_core::{PersonalClass, TimeSpan};

use super::*;

fn said(text: &str) -> Vec<Word> {
    (0i64..)
        .zip(text.split_whitespace())
        .map(|(at, text)| Word {
            text: text.to_owned(),
            span: TimeSpan::new(at * 300, at * 300 + 250).expect("not empty"),
            probability: 0.9,
        })
        .collect()
}

/// The items of a class in `text`, as text.
fn found(class: PersonalClass, text: &str) -> Vec<String> {
    let words = said(text);
    let texts = |item: &PersonalItem| {
        let words = words[item.words.clone()].iter();
        words
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let items = personal_items(&words);
    items
        .iter()
        .filter(|item| item.class == class)
        .map(texts)
        .collect()
}

/// `[...]` in each text must be inside one item of `class`.
fn assert_covers(class: PersonalClass, texts: &[&str]) {
    for marked in texts {
        let text = marked.replace(['[', ']'], "");
        let start = marked[..marked.find('[').expect("a mark")]
            .split_whitespace()
            .count();
        let inner = &marked[marked.find('[').expect("a mark")..=marked.find(']').expect("an end")];
        let expected = start..start + inner.split_whitespace().count();
        let items = personal_items(&said(&text));
        let covers = items.iter().any(|item| {
            item.class == class
                && item.words.start <= expected.start
                && item.words.end >= expected.end
        });
        let all = items
            .iter()
            .map(|item| (item.class.name(), item.words.clone()));
        assert!(covers, "{marked}: {:?}", all.collect::<Vec<_>>());
    }
}

fn assert_clear(texts: &[&str]) {
    for text in texts {
        let items = personal_items(&said(text));
        assert!(items.is_empty(), "{text}: {items:?}");
    }
}

#[test]
fn telephone_numbers() {
    assert_covers(
        PersonalClass::PhoneNumber,
        &[
            "What's your phone number? It's [555-0142.]",
            "Call me at [206, 555, 0142] please.",
            "Sure. [five five five, oh one four two.]",
            "My cell is [two oh six, five five five, double four, one two.]",
            "A good number for you? Yeah. [5 5 5 0 1 4 2]",
            "The number is [555 01 42.]",
            "[(206) 555-0142]",
            "You can reach my wife at [206, 780, 685,] she is home.",
            "I will write it down for you, for [15 -287 -2475,] call me.",
            "number? [two oh six, five five five, forty two ten.]",
            "It's [555-0142,] no wait, I mean the phone.",
        ],
    );
}

#[test]
fn a_correction_belongs_to_the_number() {
    let found = found(
        PersonalClass::PhoneNumber,
        "Phone number? 555-0142. No, sorry, 0143.",
    );
    assert_eq!(found, ["555-0142.", "No, sorry, 0143."]);
}

#[test]
fn quantities_and_codes_are_clear() {
    assert_clear(&[
        "Ten four, time is 2114.",
        "10-4, show me out.",
        "It happened about 20 minutes ago.",
        "She is about 5 foot 6, 140 pounds.",
        "The fine is $150 and you have thirty days.",
        "I clocked you at 58 in a 40 zone.",
        "It was twelve thirty, maybe one o'clock.",
        "There were six or seven of them, between sixteen and twenty years old.",
        "I need two more units at the rear.",
        "Copy, unit 12 is en route.",
        "The case number is 24-1183, you can get the report on Monday.",
        "Incident number 2024 0015 7733 is yours.",
        "Your phone was stolen at 3:15.",
        "You can call 911.",
        "I had 2 beers at 7.",
        "Mileage is four one seven two.",
        "We are on Highway 20 near the exit.",
        "The 1200 block of Main Street is closed.",
        "They are at the corner of 5th and Main.",
        "He ran down the street to the park.",
        "I took the court papers on March 4th.",
        "I want you to walk nine steps.",
        "It's a black Toyota, maybe a 2015.",
        "Well, I don't know. Okay, sir.",
        "I work nights and I go to sleep at noon.",
        "You have the right to remain silent.",
        "My name is not important.",
        "This is a DUI stop.",
        "Copy, 10-15.",
        "One, two, three, four, five, six, seven, eight, nine, turn.",
        "One thousand one, one thousand two, one thousand three.",
        "A B C D E F G H I J K.",
        "He is 5'6\", brown hair, about 5 '6 I guess.",
    ]);
}

#[test]
fn street_addresses() {
    assert_covers(
        PersonalClass::StreetAddress,
        &[
            "I live at [1427 North Maple Street, apartment 3B.]",
            "What's your address? [fourteen twenty seven North Maple Street.]",
            "Go to [427 5th Avenue.]",
            "Respond to [905 Cedar Court] for the noise.",
            "What's the address? It's [1427 Jefferson.]",
            "We stay in [apartment 12.]",
            "He lives on [Maple Street] with her.",
            "At [12 Oak Lane, Springfield, Oregon 97477.]",
            "The mailing address is [PO Box 1187.]",
            "I'm at [1427 Main,] the yellow house.",
            "I saw him at [519 South Elm.]",
            "send it to [800 West Main Street unit 4]",
        ],
    );
}

#[test]
fn e_mail_addresses() {
    assert_covers(
        PersonalClass::EmailAddress,
        &[
            "It's [john dot smith at gmail dot com.]",
            "My email is [john.smith@gmail.com.]",
            "Use [J Smith 42 at yahoo.com] please.",
            "Yeah, [marcus underscore porter at outlook dot com.]",
            "[info at smith law dot net]",
            "He writes me from [Malik22 at contest .net,] I have them.",
            "The best e-mail is [kevin88@comcast.net]",
        ],
    );
    assert_clear(&[
        "I looked at my email and there was nothing.",
        "She looked at the dot on it.",
    ]);
}

#[test]
fn dates_of_birth() {
    assert_covers(
        PersonalClass::DateOfBirth,
        &[
            "What's your date of birth? [March 4th, 1987.]",
            "She was born on [the fourth of March, nineteen eighty seven.]",
            "DOB is [03-04-1987.]",
            "Birthday? It's [3/4/87.]",
            "Date of birth? [Three, oh four, eighty seven.]",
            "When were you born? [March] something.",
            "He came here on [March 4, 1987,] I think.",
            "DOB? [0-3, 0-4, 19-87.]",
            "born in [1987]",
            "I was born in [June of '88.]",
            "My birthday's [the 3rd.]",
        ],
    );
    assert_clear(&[
        "Your court date is March 4th, 2026.",
        "You may go. I was born here.",
        "On 10/2 we came back.",
    ]);
}

#[test]
fn social_security_numbers() {
    assert_covers(
        PersonalClass::SocialSecurity,
        &[
            "My social is [123-45-6789.]",
            "And your social? It's [one two three, forty five, sixty seven eighty nine.]",
            "Last four of your social? [6789.]",
            "Just the last four. [six seven eight nine]",
            "He wrote [123 45 6789] on it.",
            "Social security number? [1 2 3 4 5, 6 7 8 9.]",
        ],
    );
}

#[test]
fn numbers_of_licenses() {
    assert_covers(
        PersonalClass::IdNumber,
        &[
            "Your driver's license number? [D 1 2 3 4 5 6 7.]",
            "Run an OLN for me, [S530 4421,] out of state.",
            "O L N [Sam five three oh, four four two one.]",
            "D L number [A1234567]",
            "operator's license [D as in David 1234567]",
            "My passport is [552 881 903.]",
            "Badge number [4127.]",
        ],
    );
}

#[test]
fn license_plates() {
    assert_covers(
        PersonalClass::LicensePlate,
        &[
            "License plate [7 Adam Boy Charles 1 2 3.]",
            "The plate is [ABC 1234.]",
            "Can you run a plate? [Kilo Lima Mike four five two one.]",
            "Go ahead. [7ABC123.]",
            "Ten twenty eight on [K L M, 4 5 2 1.]",
            "It had tags [seven, K as in king, L M, one two three.]",
            "plate [Sam Tom Union 4521]",
            "[7-Adam-Boy-Charles-1-2-3] on a Chevy.",
        ],
    );
    assert_clear(&[
        "I dropped the plate on the floor.",
        "He has no plates on the car.",
    ]);
}

#[test]
fn accounts_and_cards() {
    assert_covers(
        PersonalClass::AccountNumber,
        &[
            "My account number is [123, 456, 7890,] thank you.",
            "The card is [4111 1111 1111 1111.]",
            "[four one one one, one one one one, one one one one, one one one one]",
            "Debit card ending in [four four one two.]",
        ],
    );
}

#[test]
fn places_of_work_and_schools() {
    assert_covers(
        PersonalClass::WorkOrSchool,
        &[
            "Where do you work? I work at [the Walgreens on Fifth.]",
            "I'm a nurse at [Mercy Hospital.]",
            "She goes to [Lincoln Elementary,] she is in the fourth grade.",
            "I am a manager over at [Kroger,] my shift starts at six.",
            "Where do you work? [Amazon.]",
            "I work for [Home Depot] now.",
            "We both work at [the post office downtown.]",
            "He is at [Northside High School] today.",
            "I teach [half-jepers an elementary,] I have to be there.",
        ],
    );
    assert_clear(&[
        "He goes to the store.",
        "I work at home.",
        "It doesn't work at all.",
        "I teach kids in elementary school.",
    ]);
}

#[test]
fn names_of_persons() {
    assert_covers(
        PersonalClass::PersonName,
        &[
            "My name is [Angela Porter.]",
            "my name is [angela porter] and i live here",
            "What's your name? [Hope Green.]",
            "This is Officer [Kowalski] with the police.",
            "[Marcus,] come over here.",
            "I told [Keesha] to stay away.",
            "Mr. [Porter,] do you understand?",
            "Can you spell that? [G-A-R-Z-A.]",
            "It's Garza, [G A R Z A.]",
            "Was it [Luis] or somebody else?",
            "That was my brother, [Jerome.]",
            "Her name was [Ludwig van Porter.]",
            "Please, [Mark,] put it down.",
            "[Mark Porter] lives there.",
            "Spell it. [Golf alpha romeo zulu alpha.]",
            "I talked to [Angela's] mother.",
            "My son [Will] did it.",
            "May I have your name for the report? Sure, [in the stenabad.]",
            "Spell your last name. How do you spell it? Sure, [it's her name as] herna.",
        ],
    );
    assert_eq!(
        found(PersonalClass::PersonName, "I saw Kevin Porter. He left."),
        ["Kevin Porter."]
    );
}

proptest! {
    #[test]
    fn ranges_are_valid_for_any_text(texts in prop::collection::vec("\\PC{1,12}", 0..60)) {
        let words: Vec<Word> = texts.iter().flat_map(|text| said(text)).collect();
        check(&words);
    }

    #[test]
    fn ranges_are_valid_for_likely_text(picks in prop::collection::vec(0..LIKELY.len(), 0..80)) {
        let text: Vec<&str> = picks.iter().map(|pick| LIKELY[*pick]).collect();
        check(&said(&text.join(" ")));
    }
}

/// Words that many rules read.
const LIKELY: [&str; 44] = [
    "five",
    "5",
    "555-0142.",
    "twenty",
    "hundred",
    "double",
    "oh",
    "Adam",
    "boy",
    "A",
    "i",
    "at",
    "dot",
    "com",
    "gmail",
    "Street.",
    "court",
    "apartment",
    "North",
    "1st",
    "March",
    "may",
    "1987",
    "3/4/87",
    "born",
    "social",
    "last",
    "four",
    "plate",
    "license",
    "number",
    "is",
    "name",
    "Marcus",
    "Will,",
    "Mr.",
    "goes",
    "to",
    "school",
    "work",
    "the",
    "and",
    "of",
    "What?",
];

fn check(words: &[Word]) {
    let items = personal_items(words);
    for item in &items {
        assert!(
            !item.words.is_empty() && item.words.end <= words.len(),
            "{item:?}"
        );
    }
    assert!(items.is_sorted_by_key(|item| item.words.start));
    assert_eq!(items, personal_items(words));
}

/// Goal: time is linear. 300,000 words take half a second; a rule that looked at all of them for
/// each would take over half a minute, and would not be used on the 40,000 words of five hours.
#[test]
fn time_is_linear_in_the_words() {
    let likely = said(&LIKELY.join(" "));
    for words in [likely, said("5"), said("Adam"), said("name")] {
        let many: Vec<Word> = words.iter().cycle().take(300_000).cloned().collect();
        let started = std::time::Instant::now();
        let items = personal_items(&many);
        assert!(items.iter().all(|item| item.words.end <= many.len()));
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }
}
