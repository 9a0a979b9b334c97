//! One line of a key/value history: a flat map in Clojure's notation.

/// The type of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineKind {
    /// The call.
    Invoke,
    /// The return.
    Ok,
    /// The end of an operation with an unknown outcome.
    Info,
}

/// The fields of a line.
pub(super) struct Fields {
    pub(super) process: usize,
    pub(super) kind: LineKind,
    /// Without its colon.
    pub(super) function: String,
    pub(super) key: String,
    pub(super) value: Option<String>,
    pub(super) old: Option<String>,
    /// In nanoseconds.
    pub(super) time: Option<i64>,
}

/// A value of the notation.
enum FieldValue {
    Nil,
    Number(i64),
    /// Without its colon.
    Keyword(String),
    Text(String),
}

impl Fields {
    /// Reads the fields of a line. The error says what is wrong with the line.
    pub(super) fn read(line: &str) -> Result<Fields, String> {
        let mut scanner = Scanner { rest: line.trim() };
        let (mut process, mut kind, mut function, mut key) = (None, None, None, None);
        let (mut value, mut old, mut time) = (None, None, None);
        let mut names: Vec<String> = Vec::new();
        scanner.expect('{')?;
        while !scanner.skip('}') {
            let name = scanner.keyword()?;
            if names.contains(&name) {
                return Err(format!("has the field :{name} twice"));
            }
            match (name.as_str(), scanner.value()?) {
                ("process", FieldValue::Number(number)) => process = usize::try_from(number).ok(),
                ("type", FieldValue::Keyword(word)) => kind = Some(kind_of(&word)?),
                ("f", FieldValue::Keyword(word)) => function = Some(word),
                ("key", FieldValue::Text(text)) => key = Some(text),
                ("value", FieldValue::Text(text)) => value = Some(text),
                ("old", FieldValue::Text(text)) => old = Some(text),
                ("value" | "old", FieldValue::Nil) => {}
                ("time", FieldValue::Number(number)) => time = Some(number),
                (name, _) => {
                    return Err(format!("unknown field :{name}, or a value of the wrong type"));
                }
            }
            names.push(name);
            scanner.skip(',');
        }
        if !scanner.rest.is_empty() {
            return Err(format!("has text after the closing brace: `{}`", scanner.rest));
        }
        Ok(Fields {
            process: process.ok_or("has no :process (a number from 0)")?,
            kind: kind.ok_or("has no :type")?,
            function: function.ok_or("has no :f")?,
            key: key.ok_or("has no :key")?,
            value,
            old,
            time,
        })
    }
}

fn kind_of(word: &str) -> Result<LineKind, String> {
    match word {
        "invoke" => Ok(LineKind::Invoke),
        "ok" => Ok(LineKind::Ok),
        "info" => Ok(LineKind::Info),
        _ => Err(format!("unknown type :{word}: expected :invoke, :ok or :info")),
    }
}

/// The unread part of a line.
struct Scanner<'a> {
    rest: &'a str,
}

impl Scanner<'_> {
    /// If the character is next, reads it and the blanks after it. Returns
    /// whether it is.
    fn skip(&mut self, wanted: char) -> bool {
        let after = self.rest.strip_prefix(wanted);
        self.rest = after.map_or(self.rest, str::trim_start);
        after.is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.skip(wanted) { Ok(()) } else { Err(self.unexpected(&format!("`{wanted}`"))) }
    }

    /// Returns the message that something else than `wanted` is next.
    fn unexpected(&self, wanted: &str) -> String {
        match self.rest.chars().next() {
            Some(found) => format!("expected {wanted}, found `{found}`"),
            None => format!("expected {wanted}, found the end of the line"),
        }
    }

    /// Reads the characters up to a blank, a comma or the closing brace.
    fn word(&mut self) -> &str {
        let end = self.rest.find([' ', '\t', ',', '}']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    fn keyword(&mut self) -> Result<String, String> {
        if !self.rest.starts_with(':') {
            return Err(self.unexpected("a name such as :process"));
        }
        Ok(self.word()[1..].to_owned())
    }

    fn value(&mut self) -> Result<FieldValue, String> {
        if self.rest.starts_with(':') {
            return self.keyword().map(FieldValue::Keyword);
        }
        if let Some(rest) = self.rest.strip_prefix('"') {
            self.rest = rest;
            return self.quoted().map(FieldValue::Text);
        }
        match self.word() {
            "nil" => Ok(FieldValue::Nil),
            word => {
                let number = word.parse();
                number.map(FieldValue::Number).map_err(|_| format!("`{word}` is not a value"))
            }
        }
    }

    /// Reads a string up to its closing quote, after the opening one.
    fn quoted(&mut self) -> Result<String, String> {
        let mut text = String::new();
        loop {
            let end = self.rest.find(['"', '\\']).ok_or("has an unterminated string")?;
            text.push_str(&self.rest[..end]);
            let closes = self.rest[end..].starts_with('"');
            self.rest = &self.rest[end + 1..];
            if closes {
                self.rest = self.rest.trim_start();
                return Ok(text);
            }
            text.push(self.escaped()?);
        }
    }

    /// Reads an escape after its backslash: those of Clojure and of Rust's
    /// `{:?}`.
    fn escaped(&mut self) -> Result<char, String> {
        let mut rest = self.rest.chars();
        let escape = rest.next().ok_or("has an unterminated string")?;
        self.rest = rest.as_str();
        match escape {
            'n' => Ok('\n'),
            't' => Ok('\t'),
            'r' => Ok('\r'),
            '0' => Ok('\0'),
            'u' => self.code_point(),
            '"' | '\\' | '\'' => Ok(escape),
            _ => Err(format!("has an unknown escape `\\{escape}`")),
        }
    }

    /// Reads a code point: `{e9}` or `00e9`.
    fn code_point(&mut self) -> Result<char, String> {
        let (digits, rest) = match self.rest.strip_prefix('{') {
            Some(braced) => braced.split_once('}'),
            None => self.rest.split_at_checked(4),
        }
        .ok_or("has an incomplete \\u escape")?;
        self.rest = rest;
        let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        code.ok_or_else(|| format!("has `\\u{digits}`, which is not a character"))
    }
}
