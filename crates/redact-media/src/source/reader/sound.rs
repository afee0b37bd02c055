//! Decodes the sound of a recording.

use ffmpeg_next::Packet;
use ffmpeg_next::frame::Audio;
use redact_core::{AudioInfo, DamageCause, TimeBase};

use super::Reader;
use crate::codec::needs_input;
use crate::ffi;
use crate::source::damage::is_damage;
use crate::source::event::{Event, ReadError};

/// Most packets at the start of a sound track that may fail because they refer to earlier ones, as
/// in MP3.
const LOST_SOUND_MAX: u32 = 8;

impl Reader {
    pub(in crate::source) fn sound_time_base(&self, track: usize) -> TimeBase {
        self.sounds[track].time_base
    }

    pub(in crate::source) fn sound_infos(&self) -> Vec<AudioInfo> {
        self.sounds.iter().map(|sound| sound.info.clone()).collect()
    }

    pub(in crate::source) const fn skips_pictures(&self) -> bool {
        self.skips_pictures
    }

    /// From now on only sound is delivered.
    pub(in crate::source) fn skip_pictures(&mut self) {
        (self.skips_pictures, self.discards_pictures) = (true, true);
        self.pending
            .retain(|event| !matches!(event, Event::Picture(_)));
        // Where the clock may restart, only the pictures tell by how much.
        if self.clock.is_none() {
            ffi::discard_stream(&mut self.input, self.video);
        }
    }

    pub(super) fn break_sound(&mut self, track: usize, cause: DamageCause) {
        self.pending.push_back(Event::BrokenSound { track, cause });
    }

    pub(super) fn decode_sound(&mut self, track: usize, packet: &Packet) -> Result<(), ReadError> {
        let sound = &mut self.sounds[track];
        match sound.decoder.send_packet(packet) {
            Ok(()) => self.receive_sound(track),
            Err(error) if sound.has_sound && self.tolerant && is_damage(error) => {
                self.break_sound(track, DamageCause::Undecodable);
                Ok(())
            }
            Err(error) if sound.has_sound => Err(ReadError::Decode(error)),
            // The first packets of a cut stream may refer to missing ones.
            Err(_) => {
                sound.lost += 1;
                if sound.lost <= LOST_SOUND_MAX {
                    return Ok(());
                }
                self.lose_sound(track)
            }
        }
    }

    pub(super) fn drain_sound(&mut self) -> Result<(), ReadError> {
        for track in 0..self.sounds.len() {
            // An empty track has nothing to drain.
            if self.sounds[track].decoder.send_eof().is_ok() {
                self.receive_sound(track)?;
            }
            let sound = &self.sounds[track];
            if sound.lost > 0 && !sound.has_sound {
                self.lose_sound(track)?;
            }
        }
        Ok(())
    }

    /// Handles a track of which nothing could be decoded so far.
    fn lose_sound(&mut self, track: usize) -> Result<(), ReadError> {
        if !self.tolerant {
            return Err(ReadError::LostSound);
        }
        self.break_sound(track, DamageCause::Undecodable);
        Ok(())
    }

    fn receive_sound(&mut self, track: usize) -> Result<(), ReadError> {
        let sound = &mut self.sounds[track];
        loop {
            let mut frame = Audio::empty();
            match sound.decoder.receive_frame(&mut frame) {
                Ok(()) => {
                    sound.has_sound = true;
                    self.pending.push_back(Event::Sound { track, frame });
                }
                Err(error) if needs_input(error) || !sound.has_sound => return Ok(()),
                Err(error) if self.tolerant && is_damage(error) => {
                    self.pending.push_back(Event::BrokenSound {
                        track,
                        cause: DamageCause::Undecodable,
                    });
                    return Ok(());
                }
                Err(error) => return Err(ReadError::Decode(error)),
            }
        }
    }
}
