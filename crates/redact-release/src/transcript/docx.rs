//! A transcript for word processors: the smallest document that they open.
//!
//! Format: ECMA-376, parts 1 (WordprocessingML) and 2 (packages). Always the same bytes for the
//! same transcript.

use std::io::{Cursor, Write as _};

use redact_core::Digest;
use redact_record::captions::{Captions, LEGEND, TITLE, paragraphs};
use redact_record::manifest::PublicManifest;
use redact_record::visible;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::error::Result;
use crate::package::PackageError;

const CONTENT_TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels"
 ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/word/document.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>
<Override PartName="/word/styles.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>
</Types>"#;

const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="word/document.xml"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>
</Relationships>"#;

const DOCUMENT_RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="styles.xml"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles"/>
</Relationships>"#;

const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:docDefaults><w:pPrDefault><w:pPr><w:spacing w:after="120"/></w:pPr></w:pPrDefault>
</w:docDefaults>
<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>
<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/>
<w:basedOn w:val="Normal"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr>
<w:rPr><w:b/><w:sz w:val="32"/></w:rPr></w:style>
</w:styles>"#;

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>"#;

/// US Letter with margins of an inch, in twentieths of a point.
const TAIL: &str = r#"<w:sectPr><w:pgSz w:w="12240" w:h="15840"/>
<w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440"
 w:header="720" w:footer="720" w:gutter="0"/></w:sectPr></w:body></w:document>"#;

/// The document.
///
/// # Errors
/// [`PackageError::Zip`].
pub(super) fn write(
    public: &PublicManifest,
    manifest: Digest,
    captions: &Captions,
) -> Result<Vec<u8>> {
    let parts = [
        ("[Content_Types].xml", CONTENT_TYPES.to_owned()),
        ("_rels/.rels", RELATIONS.to_owned()),
        ("word/document.xml", document(public, manifest, captions)),
        (
            "word/_rels/document.xml.rels",
            DOCUMENT_RELATIONS.to_owned(),
        ),
        ("word/styles.xml", STYLES.to_owned()),
    ];
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    for (name, text) in parts {
        archive
            .start_file(name, options)
            .map_err(PackageError::Zip)?;
        archive.write_all(text.as_bytes())?;
    }
    let written = archive.finish().map_err(PackageError::Zip)?;
    Ok(written.into_inner())
}

fn document(public: &PublicManifest, manifest: Digest, captions: &Captions) -> String {
    let mut text = HEAD.to_owned();
    text.push_str(&format!(
        r#"<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>{}</w:p>"#,
        run(TITLE, false)
    ));
    let agency = public.terms.agency.iter().map(|name| visible(name));
    let digests = [
        format!("Released file: SHA-256 {}", public.release.sha256.0),
        format!("Manifest: SHA-256 {manifest}"),
    ];
    let legend = LEGEND.iter().map(|line| (*line).to_owned());
    for line in agency.chain(digests).chain(legend) {
        text.push_str(&format!("<w:p>{}</w:p>", run(&line, false)));
    }
    for paragraph in paragraphs(captions) {
        let time = run(&format!("{}  ", paragraph.time), true);
        text.push_str(&format!("<w:p>{time}{}</w:p>", run(&paragraph.text, false)));
    }
    text.push_str(TAIL);
    text
}

fn run(text: &str, strong: bool) -> String {
    let properties = if strong { "<w:rPr><w:b/></w:rPr>" } else { "" };
    let mut run = format!("<w:r>{properties}<w:t xml:space=\"preserve\">");
    for character in text.chars() {
        match character {
            '&' => run.push_str("&amp;"),
            '<' => run.push_str("&lt;"),
            '>' => run.push_str("&gt;"),
            // Not in XML 1.0, section 2.2.
            '\u{fffe}' | '\u{ffff}' => run.push('\u{fffd}'),
            other if other.is_control() => run.push(' '),
            other => run.push(other),
        }
    }
    run.push_str("</w:t></w:r>");
    run
}
