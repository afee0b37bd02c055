//! Time stamps of an authority, made with `openssl ts` as a stock authority would make them.

use std::fs;
use std::process::{Command, Output};

use crate::tamper::{MANIFEST, RELEASE, released};
use crate::work::Work;

const CONFIG: &str = "
[tsa]
default_tsa = one
[one]
serial = serial
crypto_device = builtin
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
signer_digest = sha256
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[stamps]
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
[wrong]
extendedKeyUsage = serverAuth
";

fn openssl(work: &Work, args: &str) -> Output {
    Command::new("openssl")
        .args(args.split_whitespace())
        .current_dir(work.path("."))
        .output()
        .expect("tests need openssl; scripts/setup installs it")
}

#[track_caller]
fn must(work: &Work, args: &str) {
    let output = openssl(work, args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {args}: {said}");
}

/// Makes `NAME.pem`, a certificate by `ca` for the purposes of one section, with a key of `kind`.
fn certify(work: &Work, name: &str, section: &str, kind: &str) {
    must(
        work,
        &format!("req -new {kind} -nodes -keyout {name}.key -subj /CN={name} -out {name}.csr"),
    );
    must(
        work,
        &format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
             -extfile c.cnf -extensions {section} -out {name}.pem"
        ),
    );
}

/// An authority's answer to `query`, signed as `signer`.
fn answer(work: &Work, query: &str, signer: &str, output: &str) {
    must(
        work,
        &format!(
            "ts -reply -config c.cnf -queryfile {query} -signer {signer}.pem \
             -inkey {signer}.key -out {output}"
        ),
    );
}

/// Two authorities, `ca.pem` and `other.pem`; the first certifies `ec` and `rsa` for time stamps.
pub(crate) fn authorities(work: &Work) {
    fs::write(work.path("c.cnf"), CONFIG).unwrap();
    fs::write(work.path("serial"), "01\n").unwrap();
    let p256 = "-newkey ec -pkeyopt ec_paramgen_curve:P-256";
    for name in ["ca", "other"] {
        must(
            work,
            &format!(
                "req -x509 {p256} -nodes -keyout {name}.key -subj /CN={name} -days 30 \
                 -config /dev/null -addext basicConstraints=critical,CA:true -out {name}.pem"
            ),
        );
    }
    certify(work, "ec", "stamps", p256);
    certify(work, "rsa", "stamps", "-newkey rsa:2048");
    certify(work, "web", "wrong", p256);
}

/// Attaches a time stamp to a release with the manifest `manifest`.
pub(crate) fn stamp(work: &Work, release: &str, manifest: &str) {
    work.redact(&["timestamp", "request", release])
        .expect_status(0);
    answer(work, &format!("{manifest}.tsq"), "ec", "stamp.tsr");
    let attach = [
        "timestamp",
        "attach",
        release,
        "stamp.tsr",
        "--tsa",
        "ca.pem",
    ];
    work.redact(&attach).expect_status(0);
}

/// A release with a request, and two authorities.
fn asked() -> Work {
    let work = released();
    authorities(&work);
    work.redact(&["timestamp", "request", RELEASE])
        .expect_status(0);
    work
}

const VERIFY: [&str; 5] = ["verify", RELEASE, "--no-media", "--tsa", "ca.pem"];

/// Goal: a stock authority's stamp is attached and checked, and the stock tool accepts it too.
/// Control: without a stamp, or with a stranger's certificate, it is not "ok".
#[test]
fn a_stamp_is_asked_for_attached_and_checked() {
    let work = asked();
    let query = format!("{MANIFEST}.tsq");
    let missing = work.redact(&VERIFY).expect_status(1).stdout();
    assert!(missing.contains("WRONG manifest, time stamp"), "{missing}");
    for signer in ["ec", "rsa"] {
        let reply = format!("{signer}.tsr");
        answer(&work, &query, signer, &reply);
        let attach = ["timestamp", "attach", RELEASE, &reply, "--force"];
        work.redact(&[&attach[..], &["--tsa", "ca.pem"]].concat())
            .expect_status(0);
        let said = work.redact(&VERIFY).expect_status(0).stdout();
        assert!(said.contains("ok    manifest, time stamp"), "{said}");
        assert!(said.contains(&format!("CN={signer}")), "{said}");
        must(
            &work,
            &format!("ts -verify -data {MANIFEST} -in {MANIFEST}.tsr -CAfile ca.pem"),
        );
        // A self-signed stranger vouches for nobody; nobody at all leaves the question open.
        work.redact(&[&attach[..], &["--tsa", "other.pem"]].concat())
            .expect_refusal(&["vouches"]);
        let stranger = ["verify", RELEASE, "--no-media", "--tsa", "other.pem"];
        work.redact(&stranger).expect_status(1);
        let open = work.redact(&VERIFY[..3]).expect_status(0).stdout();
        assert!(open.contains("time stamp: not checked"), "{open}");
    }
}

/// Goal: no changed byte makes a stamp say anything else, and no stamp is taken for another
/// manifest or by a key that is not for stamps.
/// Method: each byte in turn. RFC 5652 leaves a few numbers around the signature unsigned, such as
/// the version: with one of those changed, the stamp may still hold and must say the same.
#[test]
fn stamps_that_do_not_hold_are_refused() {
    let work = asked();
    let query = format!("{MANIFEST}.tsq");
    answer(&work, &query, "ec", "good.tsr");
    let attach = |name: &str| {
        let args = [
            "timestamp",
            "attach",
            RELEASE,
            name,
            "--tsa",
            "ca.pem",
            "--force",
        ];
        work.redact(&args)
    };
    attach("good.tsr").expect_status(0);
    let good = fs::read(work.path("good.tsr")).unwrap();
    let authority = fs::read(work.path("ca.pem")).unwrap();
    let anchors = [redact_record::timestamp::Certificate::read(&authority).unwrap()];
    let digest = redact_record::digest_bytes(&fs::read(work.path(MANIFEST)).unwrap());
    let check = |bytes: &[u8]| redact_record::timestamp::check(bytes, digest, &anchors).ok();
    let said = check(&good).unwrap();
    assert!(said.trusted);
    let mut bad = good.clone();
    let mut held = 0;
    for at in 0..bad.len() {
        bad[at] ^= 1;
        if let Some(found) = check(&bad) {
            assert_eq!(found, said, "byte {at}");
            held += 1;
        }
        bad[at] ^= 1;
    }
    assert!(held < 32, "{held} of {} changes held", good.len());
    for length in [0, 1, good.len() / 2, good.len() - 1] {
        assert!(check(&good[..length]).is_none());
    }

    must(
        &work,
        "ts -query -digest 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff -sha256 -cert -out x.tsq",
    );
    answer(&work, "x.tsq", "ec", "other.tsr");
    attach("other.tsr").expect_refusal(&["other.tsr", "for a file with SHA-256"]);
    fs::copy(
        work.path("other.tsr"),
        work.path(&format!("{MANIFEST}.tsr")),
    )
    .unwrap();
    let said = work.redact(&VERIFY).expect_status(1).stdout();
    assert!(said.contains("WRONG manifest, time stamp"), "{said}");
    fs::write(work.path("text.tsr"), "no stamp").unwrap();
    attach("text.tsr").expect_refusal(&["text.tsr", "cannot read the time stamp"]);
    // The stock tool refuses to sign with a certificate for other purposes, as it should.
    let wrong =
        "ts -reply -config c.cnf -queryfile x.tsq -signer web.pem -inkey web.key -out w.tsr";
    assert!(!openssl(&work, wrong).status.success());
}

/// One value of DER: ITU-T X.690, 8.1.3, with lengths of two bytes.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, length[0], length[1]][..], content].concat()
}

/// Goal: an authority that names its key and not its certificate (RFC 5652, 5.3) is believed by the
/// certificate that has this key, and by no other.
/// Method: the content of a stock stamp is signed anew by the stock tool for signed messages.
#[test]
fn an_authority_may_be_named_by_its_key() {
    let work = asked();
    let query = format!("{MANIFEST}.tsq");
    answer(&work, &query, "ec", "ec.tsr");
    must(&work, "ts -reply -in ec.tsr -token_out -out token.der");
    must(
        &work,
        "cms -verify -noverify -inform DER -in token.der -out content.der",
    );
    let signed = |signer: &str| {
        let output = openssl(
            &work,
            &format!(
                "cms -sign -binary -nodetach -keyid -cades -md sha256 -outform DER -in content.der \
                 -econtent_type 1.2.840.113549.1.9.16.1.4 -signer {signer}.pem \
                 -inkey {signer}.key -out {signer}.der"
            ),
        );
        output.status.success().then(|| {
            let token = fs::read(work.path(&format!("{signer}.der"))).unwrap();
            let granted = [0x30, 3, 2, 1, 0];
            der(0x30, &[&granted[..], &token].concat())
        })
    };
    let good = signed("ec").unwrap();
    fs::write(work.path("named.tsr"), &good).unwrap();
    let attach = [
        "timestamp",
        "attach",
        RELEASE,
        "named.tsr",
        "--tsa",
        "ca.pem",
    ];
    work.redact(&attach).expect_status(0);
    let said = work.redact(&VERIFY).expect_status(0).stdout();
    assert!(said.contains("ok    manifest, time stamp"), "{said}");

    // Another certificate of the same authority has another key.
    let pem = fs::read(work.path("ca.pem")).unwrap();
    let anchors = [redact_record::timestamp::Certificate::read(&pem).unwrap()];
    let digest = redact_record::digest_bytes(&fs::read(work.path(MANIFEST)).unwrap());
    let check = |bytes: &[u8]| redact_record::timestamp::check(bytes, digest, &anchors);
    assert!(check(&good).unwrap().trusted, "the control");
    let text = openssl(&work, "x509 -in ec.pem -noout -ext subjectKeyIdentifier");
    let text = String::from_utf8(text.stdout).unwrap();
    let digits = text.lines().last().unwrap().trim().split(':');
    let name: Vec<u8> = digits
        .map(|two| u8::from_str_radix(two, 16).unwrap())
        .collect();
    // In the certificate and where the signer is named: the last one is the signer's.
    let at = good
        .windows(name.len())
        .rposition(|found| found == name)
        .unwrap();
    let mut bad = good;
    bad[at] ^= 1;
    let refused = check(&bad).unwrap_err().to_string();
    assert!(refused.contains("certificate is missing"), "{refused}");
}
