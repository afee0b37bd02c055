//! Templates of letters: what they may do, and how they fail.

use std::path::Path;

use super::*;

#[derive(Serialize)]
struct Values {
    name: &'static str,
    absent: Option<&'static str>,
    lines: Vec<&'static str>,
}

const VALUES: fn() -> Values = || Values {
    name: "*Lee*\n# x",
    absent: None,
    lines: vec!["a", "b"],
};

fn office(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<LetterTemplates, RecordError>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, body) in files {
        let text = format!("+++\nformat_version = 1\ntitle = \"T\"\nnote = \"N\"\n+++\n{body}");
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let templates = LetterTemplates::with_office(folder.path());
    (folder, templates)
}

fn fill(body: &str) -> Result<String, String> {
    let (_folder, templates) = office(&[("own.md", body), ("sign.md", "Sincerely, {{ name }}")]);
    let filled = templates.and_then(|templates| templates.fill("own", &VALUES()));
    filled
        .map(|letter| letter.text)
        .map_err(|refused| refused.to_string())
}

#[test]
fn values_are_filled_in_as_text() {
    let filled = fill(
        "Dear {{ name }},\n\n{% for line in lines %}\n- {{ line }}\n{% endfor %}\n\n{% include \"sign\" %}",
    );
    let expected = "Dear \\*Lee\\* # x,\n\n- a\n- b\n\nSincerely, \\*Lee\\* # x\n";
    assert_eq!(filled.as_deref(), Ok(expected));
    assert_eq!(
        fill("{% if absent %}{{ absent }}{% else %}nobody{% endif %}").as_deref(),
        Ok("nobody\n")
    );
}

/// Goal: an error names template, line and value, so that a clerk finds it. The line is that of
/// the file, header included.
#[test]
fn an_error_names_template_line_and_value() {
    let check = |body: &str, line: usize, words: &str| {
        let refused = fill(body).unwrap_err();
        assert!(
            refused.contains(&format!("letter \"own\", line {line}: ")),
            "{refused}"
        );
        assert!(refused.contains(words), "{refused}");
    };
    check("Dear\n{{ requester }}", 7, "unknown value");
    check("Dear\n{{ requester }}", 7, "requester");
    check("{% if lines %}\n\n{{ lines.count }}{% endif %}", 8, "count");
    check("{{ absent }}", 6, "absent");
    check("{{ name ", 6, "syntax error");
    check("{{ name|shout }}", 6, "shout");
    check("{% include \"elsewhere\" %}", 6, "elsewhere");
    check("{% include \"/etc/passwd\" %}", 6, "/etc/passwd");
    check(
        "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
        6,
        "fuel",
    );
    let (_folder, templates) = office(&[]);
    let refused = templates
        .unwrap()
        .fill("own", &VALUES())
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("cover-letter, exemption-letter"),
        "{refused}"
    );
}

/// Goal: the error in an included template names that template.
#[test]
fn an_error_in_an_included_template_is_found_there() {
    let (_folder, templates) = office(&[
        ("own.md", "{% include \"sign\" %}"),
        ("sign.md", "\n\n{{ nobody }}"),
    ]);
    let refused = templates
        .unwrap()
        .fill("own", &VALUES())
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("letter \"sign\", line 8") && refused.contains("nobody"),
        "{refused}"
    );
}

#[test]
fn an_office_replaces_and_adds_templates() {
    let (_folder, templates) = office(&[("cover-letter.md", "Ours"), ("thanks.md", "Thanks")]);
    let templates = templates.unwrap();
    let names: Vec<&str> = templates
        .iter()
        .map(|template| template.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "cover-letter",
            "exemption-letter",
            "request-acknowledgement",
            "request-appeals",
            "request-closing",
            "request-cover",
            "request-denial",
            "request-estimate",
            "request-extension",
            "request-invoice",
            "request-no-records",
            "request-opening",
            "request-partial-denial",
            "thanks",
            "viewing-instructions"
        ]
    );
    assert_eq!(
        templates.get("cover-letter").unwrap().origin,
        TemplateOrigin::Office
    );
    assert_eq!(
        templates.get("exemption-letter").unwrap().origin,
        TemplateOrigin::BuiltIn
    );
    assert_eq!(
        templates.fill("cover-letter", &VALUES()).unwrap().text,
        "Ours\n"
    );
    assert!(LetterTemplates::with_office(Path::new("nowhere at all")).is_ok());
}

/// Goal: a file that is no template is named with what is missing, before any letter is made.
#[test]
fn wrong_files_are_refused() {
    let check = |name: &str, text: &str, expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        let refused = LetterTemplates::with_office(folder.path()).unwrap_err();
        let all = redact_core::error::with_causes(&refused);
        assert!(all.contains(expected), "{all}");
    };
    let header = "+++\nformat_version = 1\ntitle = \"T\"\nnote = \"N\"\n+++\n";
    check("a.md", "Dear", "a header in TOML");
    check("a.md", "+++\ntitle = \"T\"\n", "no line that ends it");
    check("a.md", &header.replace("= 1", "= 2"), "newer");
    check("a.md", &header.replace("title", "titel"), "titel");
    check("a.md", &format!("{header}{{% if x %}}"), "line 6");
    check("A b.md", header, "a-z, 0-9");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("README.md"), "notes").unwrap();
    std::fs::write(folder.path().join("a.txt"), "notes").unwrap();
    assert!(
        LetterTemplates::with_office(folder.path()).is_ok(),
        "other files are not templates"
    );
}
