//! Words that say what the digits, letters or names after them are.

use redact_core::PersonalClass;

use crate::token::Token;

/// Words between a cue and what it announces, at most: a question and the start of an answer.
pub(crate) const REACH: usize = 16;

/// What was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cue {
    Phone,
    Social,
    /// "last four": of the Social Security number or of a card.
    LastFour,
    Id,
    Plate,
    Account,
    Birth,
    Address,
    Email,
    Work,
    Name,
    Spelling,
    /// A number that is no one's personal data: of a case, a report, a unit.
    Record,
}

impl Cue {
    /// The class of what is announced; `None` if it is nobody's.
    pub(crate) const fn class(self) -> Option<PersonalClass> {
        Some(match self {
            Self::Phone => PersonalClass::PhoneNumber,
            Self::Social | Self::LastFour => PersonalClass::SocialSecurity,
            Self::Id => PersonalClass::IdNumber,
            Self::Plate => PersonalClass::LicensePlate,
            Self::Account => PersonalClass::AccountNumber,
            Self::Birth => PersonalClass::DateOfBirth,
            Self::Address => PersonalClass::StreetAddress,
            Self::Email => PersonalClass::EmailAddress,
            Self::Work => PersonalClass::WorkOrSchool,
            Self::Name | Self::Spelling => PersonalClass::PersonName,
            Self::Record => return None,
        })
    }
}

/// Every cue and the place of its last word, in order.
pub(crate) fn cues(tokens: &[Token]) -> Vec<(usize, Cue)> {
    (0..tokens.len())
        .filter_map(|at| cue_at(tokens, at).map(|cue| (at, cue)))
        .collect()
}

/// The cues before the word at `at`, nearest first, [`REACH`] words back at most.
pub(crate) fn before(cues: &[(usize, Cue)], at: usize) -> impl Iterator<Item = (usize, Cue)> {
    let end = cues.partition_point(|(place, _)| *place < at);
    let near = cues[..end].iter().rev().copied();
    near.take_while(move |(place, _)| at - place <= REACH)
}

/// The cue that ends with the word at `at`.
fn cue_at(tokens: &[Token], at: usize) -> Option<Cue> {
    let back = |words: usize| at.checked_sub(words).map_or("", |at| tokens[at].stem());
    let (before, earlier) = (back(1), back(2));
    let next = tokens.get(at + 1).map_or("", Token::stem);
    match tokens[at].stem() {
        "number" | "numbers" | "num" => number_cue(before, next),
        "phone" | "cell" | "telephone" | "cellphone" if !matches!(before, "the" | "a") => {
            Some(Cue::Phone)
        }
        "callback" | "reach" | "dial" | "dialed" | "dialing" | "extension" => Some(Cue::Phone),
        "code" if before == "area" => Some(Cue::Phone),
        "at" | "me" | "him" | "her" | "us" => called(before, earlier, tokens[at].stem()),
        "social" | "ssn" | "s.s.n" | "socials" => Some(Cue::Social),
        "four" | "4" | "for" if before == "last" => Some(Cue::LastFour),
        "n" if before == "s" && earlier == "s" => Some(Cue::Social),
        "n" if before == "l" && earlier == "o" => Some(Cue::Id),
        "ln" if matches!(before, "on" | "an" | "o" | "oh") => Some(Cue::Id),
        "l" if before == "d" => Some(Cue::Id),
        "b" if before == "o" && earlier == "d" => Some(Cue::Birth),
        "license" | "licence" | "permit" if next != "plate" && next != "plates" => Some(Cue::Id),
        "oln" | "o.l.n" | "dl" | "d.l" | "id" | "i.d" | "ids" | "passport" | "badge" | "vin"
        | "operator" | "inmate" | "identification" => Some(Cue::Id),
        "plate" | "plates" | "tag" | "tags" => Some(Cue::Plate),
        "28" | "10-28" | "1028" if before == "10" || tokens[at].text != "28" => Some(Cue::Plate),
        "eight" if before == "twenty" && earlier == "ten" => Some(Cue::Plate),
        "twenty-eight" if before == "ten" => Some(Cue::Plate),
        "account" | "accounts" | "pin" | "routing" | "debit" | "visa" | "mastercard" | "amex"
        | "card" | "cards" | "checking" => (!matches!(before, "insurance" | "business" | "id")
            || next == "number")
            .then_some(Cue::Account),
        "birth" | "birthday" | "birthdate" | "birthdays" | "born" | "dob" | "d.o.b" => {
            Some(Cue::Birth)
        }
        "address" | "addresses" => Some(match before {
            "email" | "e-mail" | "mail" => Cue::Email,
            _ => Cue::Address,
        }),
        "live" | "lives" | "living" | "lived" | "stay" | "stays" | "staying" | "stayed"
        | "reside" | "resides" | "residence" | "moved" | "zip" => Some(Cue::Address),
        "email" | "e-mail" | "emails" | "e-mails" | "gmail" => Some(Cue::Email),
        "work" | "works" | "working" | "worked" | "job" | "employed" | "employer" | "school"
        | "workplace" | "attend" | "attends" | "teach" | "teaches" => Some(Cue::Work),
        "name" | "names" | "named" | "nickname" => Some(Cue::Name),
        "who" | "whose" | "whom" => Some(Cue::Name),
        "spell" | "spelled" | "spelling" | "spells" | "spelt" => Some(Cue::Spelling),
        "case" | "report" | "incident" | "citation" | "ticket" | "docket" | "event" | "warrant"
            if matches!(next, "number" | "is" | "no" | "#") =>
        {
            Some(Cue::Record)
        }
        "time" | "mileage" | "odometer" | "speed" | "channel"
            if matches!(next, "is" | "was" | "now") =>
        {
            Some(Cue::Record)
        }
        _ => None,
    }
}

/// What "number" is of, by the word before and after it.
fn number_cue(before: &str, next: &str) -> Option<Cue> {
    Some(match before {
        "case" | "report" | "incident" | "citation" | "ticket" | "docket" | "event" | "warrant"
        | "control" | "tracking" | "unit" | "room" | "car" | "exit" | "order" | "call"
        | "complaint" | "log" | "record" => Cue::Record,
        "license" | "licence" | "id" | "i.d" | "badge" | "identification" | "oln" | "dl"
        | "vin" | "passport" | "serial" | "permit" | "student" | "employee" | "member"
        | "inmate" | "policy" | "l" | "n" | "medicare" | "medicaid" | "insurance" => Cue::Id,
        "account" | "card" | "routing" | "debit" | "credit" | "pin" | "bank" | "checking" => {
            Cue::Account
        }
        "plate" | "tag" | "registration" => Cue::Plate,
        "social" | "security" => Cue::Social,
        "house" | "street" | "apartment" | "address" => Cue::Address,
        "any" | "large" | "small" | "great" | "high" => return None,
        _ if next == "of" => return None,
        _ => Cue::Phone,
    })
}

/// "reach me at", "call her at", "text".
fn called(before: &str, earlier: &str, this: &str) -> Option<Cue> {
    const VERBS: [&str; 8] = [
        "reach", "call", "called", "text", "texted", "contact", "phone", "reached",
    ];
    let is_object = matches!(before, "me" | "him" | "her" | "us" | "them");
    match this {
        "at" => {
            (VERBS.contains(&before) || is_object && VERBS.contains(&earlier)).then_some(Cue::Phone)
        }
        _ => VERBS.contains(&before).then_some(Cue::Phone),
    }
}
