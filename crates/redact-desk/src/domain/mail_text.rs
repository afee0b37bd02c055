//! The words of mail. They have no names and no content: a request's number and a link.

use crate::model::MailKind;

/// The longest number in a subject, in characters.
const NUMBER_CHARS_MAX: usize = 60;

/// Subject and text of a message.
pub(crate) fn message(kind: MailKind, number: &str, link: &str) -> (String, String) {
    // A line break would begin another header.
    let number: String = number
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(NUMBER_CHARS_MAX)
        .collect();
    let (subject, text) = match kind {
        MailKind::Invitation => (
            "Release desk: set up your account".to_owned(),
            "You have an account at the release desk. Open this link within 72 hours to choose a \
             password and set up your second factor. It works once; do not pass it on."
                .to_owned(),
        ),
        MailKind::Assigned => (
            format!("Release desk: request {number} is assigned to you"),
            format!("Request {number} is assigned to you."),
        ),
        MailKind::Due => (
            format!("Release desk: request {number} is due soon"),
            format!("Request {number} is due soon or overdue."),
        ),
        MailKind::Approval => (
            format!("Release desk: a review of request {number} needs an approval"),
            format!(
                "A review of request {number} was approved once and waits for a second person."
            ),
        ),
        MailKind::Ready => (
            format!("Release desk: a recording of request {number} is ready"),
            format!("A recording of request {number} is ready for review."),
        ),
        MailKind::Test => (
            "Release desk: test".to_owned(),
            "This is a test. Mail from the release desk reaches you.".to_owned(),
        ),
    };
    let end = match kind {
        MailKind::Invitation | MailKind::Test => "",
        _ => "\n\nYou chose to get this mail. To change that, open your account at the desk.",
    };
    (subject, format!("{text}\n\n{link}{end}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_cannot_add_a_header() {
        let number = "7\r\nBcc: everybody@example.org";
        let (subject, _) = message(MailKind::Due, number, "https://desk/");
        assert!(!subject.contains(['\r', '\n']), "{subject:?}");
        let (long, _) = message(MailKind::Due, &"9".repeat(300), "");
        assert!(long.chars().count() < 120);
    }
}
