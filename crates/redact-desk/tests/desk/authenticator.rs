//! A passkey in software, for tests: it makes keys, signs challenges, and can do both wrong.

use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// The person was there, and was verified.
const PRESENT_AND_VERIFIED: u8 = 0x05;

/// The key is part of what was signed.
const WITH_KEY: u8 = 0x40;

/// An authenticator with one passkey.
pub(crate) struct SoftAuthenticator {
    pair: EcdsaKeyPair,
    credential: Vec<u8>,
    pub(crate) host: String,
    pub(crate) origin: String,
    pub(crate) counter: u32,
    pub(crate) flags: u8,
    /// The user handle, as base64.
    pub(crate) user: String,
}

/// Bytes as base64 for URLs, without padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let all = chunk
            .iter()
            .fold(0_u32, |all, byte| (all << 8) | u32::from(*byte));
        let all = all << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let letter = (all >> (18 - 6 * place)) & 63;
            text.push(char::from(LETTERS[letter as usize]));
        }
    }
    text
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

impl SoftAuthenticator {
    pub(crate) fn new(host: &str, origin: &str) -> Self {
        let random = SystemRandom::new();
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random)
                .unwrap();
        let credential = sha256(pair.public_key().as_ref());
        Self {
            pair,
            credential,
            host: host.to_owned(),
            origin: origin.to_owned(),
            counter: 1,
            flags: PRESENT_AND_VERIFIED,
            user: String::new(),
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = options["challenge"].as_str().unwrap();
        format!(
            "{{\"type\":\"webauthn.{kind}\",\"challenge\":\"{challenge}\",\"origin\":\"{}\",\
             \"crossOrigin\":false}}",
            self.origin
        )
        .into_bytes()
    }

    fn authenticator_data(&self, flags: u8) -> Vec<u8> {
        let mut data = sha256(self.host.as_bytes());
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// What a browser's `create` returns.
    pub(crate) fn create(&mut self, options: &Value) -> Value {
        options["user"]["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.user);
        let point = self.pair.public_key().as_ref();
        let mut data = self.authenticator_data(self.flags | WITH_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential.len()).unwrap().to_be_bytes());
        data.extend(&self.credential);
        // A COSE key: ES256 on P-256, with its two coordinates.
        data.extend([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 32]);
        data.extend(&point[33..65]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(&data);
        self.answer(json!({
            "clientDataJSON": base64(&self.client_data("create", options)),
            "attestationObject": base64(&object),
            "transports": ["internal"],
        }))
    }

    /// What a browser's `get` returns.
    pub(crate) fn get(&mut self, options: &Value) -> Value {
        self.counter += 1;
        let client_data = self.client_data("get", options);
        let data = self.authenticator_data(self.flags);
        let signed = [data.clone(), sha256(&client_data)].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        self.answer(json!({
            "clientDataJSON": base64(&client_data),
            "authenticatorData": base64(&data),
            "signature": base64(signature.as_ref()),
            "userHandle": self.user,
        }))
    }

    fn answer(&self, response: Value) -> Value {
        let id = base64(&self.credential);
        json!({
            "id": id, "rawId": id, "type": "public-key", "response": response,
            "clientExtensionResults": {}, "authenticatorAttachment": "platform",
        })
    }
}
