//! Characters that a reader of captions does not see, and that could carry text past one.

use crate::json::is_invisible;

/// Whether a character is not shown, or looks like a space. Source: Unicode Character Database 16,
/// `Default_Ignorable_Code_Point` and general category `Cf`, without those that letters of a script
/// are joined with (U+200C, U+200D); blank letters; noncharacters.
pub(super) fn is_hidden(character: char) -> bool {
    is_invisible(character)
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{2029}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fdd0}'..='\u{fdef}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
        || u32::from(character) & 0xfffe == 0xfffe
}
