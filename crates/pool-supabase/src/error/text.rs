//! What is shown of a body that is not what was expected: the beginning, as plain words, without secrets.
//!
//! Bounded: at most the first [`READ_MAX`] bytes are looked at and [`SHOWN_MAX`] characters are kept.

/// How much of a body is looked at.
const READ_MAX: usize = 8 << 10;
/// How much of it is kept.
const SHOWN_MAX: usize = 300;

/// The visible words of the beginning of `body`; empty if there are none.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(READ_MAX)]);
    let text = if text.trim_start().starts_with('<') { visible(&text) } else { text.into_owned() };
    let mut words = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(&redact(word));
    }
    match words.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// Replaces what looks like a key or a token: a server may echo the headers that it got.
pub(crate) fn redact(text: &str) -> String {
    const SECRETS: [&str; 3] = ["sb_secret_", "sb_publishable_", "eyJ"];
    let secret = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '=');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = SECRETS.iter().filter_map(|start| rest.find(start)).min() {
        out.push_str(&rest[..start]);
        out.push_str("[redacted]");
        rest = rest[start..].trim_start_matches(secret);
    }
    out.push_str(rest);
    out
}

/// HTML without tags, scripts and styles; the few entities that occur in error pages are resolved.
fn visible(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        out.push(' ');
        rest = &rest[open..];
        let hidden = ["script", "style"].iter().find(|name| starts_tag(rest, name));
        let end = match hidden {
            Some(name) => find_ignoring_case(rest, &format!("</{name}")),
            None if rest.starts_with("<!--") => rest.find("-->").map(|at| at + 2),
            None => Some(0),
        };
        let closed = end.and_then(|at| rest[at..].find('>').map(|close| at + close + 1));
        rest = closed.map_or("", |at| &rest[at..]);
    }
    out.push_str(rest);
    for (entity, text) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
    {
        out = out.replace(entity, text);
    }
    out
}

fn starts_tag(html: &str, name: &str) -> bool {
    html.get(1..=name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

fn find_ignoring_case(text: &str, what: &str) -> Option<usize> {
    text.as_bytes().windows(what.len()).position(|window| window.eq_ignore_ascii_case(what.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_reduced_to_its_words() {
        let page = "<!DOCTYPE html><html><head><title>demo.supabase.co | 521: Web server is down</title>\
                    <STYLE>p { x: y }</STYLE><script>let a = '<p>';</script><!-- <b>x</b> --></head>\n\
                    <body><h1>Error&nbsp;521</h1><p>a &lt; b &amp;amp; c</p></body></html>";
        assert_eq!(
            excerpt(page.as_bytes()),
            "demo.supabase.co | 521: Web server is down Error 521 a < b &amp; c"
        );
    }

    #[test]
    fn a_page_cut_off_anywhere_is_no_trouble() {
        let page = "<html><script>x</script><!-- c --><p>wörds</p></html>";
        for end in 0..=page.len() {
            let _ = excerpt(&page.as_bytes()[..end]);
        }
    }

    #[test]
    fn plain_text_is_kept_short_and_on_one_line() {
        assert_eq!(
            excerpt(b"upstream connect error\r\n  or disconnect \x00 "),
            "upstream connect error or disconnect"
        );
        assert_eq!(excerpt(b""), "");
        let long = excerpt("ä".repeat(READ_MAX).as_bytes());
        assert_eq!(long.chars().count(), SHOWN_MAX + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn what_looks_like_a_key_is_never_shown() {
        let echoed = br#"{"apikey":"sb_secret_abcDEF123","authorization":"Bearer eyJhbGci.eyJyb2xl.c2ln-x"}"#;
        assert_eq!(excerpt(echoed), r#"{"apikey":"[redacted]","authorization":"Bearer [redacted]"}"#);
    }
}
