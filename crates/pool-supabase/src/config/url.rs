//! What is accepted as a project's URL, and what is refused with a hint.
//!
//! No message contains the URL: it may be a key in the wrong place, or carry a password.

use pool_http::Base;
use url::{Host, Url};

use crate::key::trim;

/// Where a project is: the base of all requests, without the REST path.
pub(crate) fn parse(text: &str) -> Result<Base, String> {
    let text = trim(text);
    if text.is_empty() {
        return Err("is empty: set it to https://<project>.supabase.co".into());
    }
    let url = Url::parse(text)
        .map_err(|error| format!("is not a URL ({error}): write https://<project>.supabase.co"))?;
    check_scheme(&url)?;
    check_host(&url)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("contains a user name or password: remove them, the key is a setting of its own".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("contains a query or fragment: remove everything from the ? or # on".into());
    }
    let path = url.path().trim_end_matches('/');
    let prefix = path.strip_suffix("/rest/v1").unwrap_or(path).trim_end_matches('/').to_owned();
    let origin = &url[..url::Position::BeforePath];
    let uri = format!("{origin}{prefix}/")
        .parse()
        .map_err(|error| format!("is not a URL that HTTP can use ({error})"))?;
    Base::new(&uri).map_err(|error| format!("is not usable: {error}"))
}

fn check_scheme(url: &Url) -> Result<(), String> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(
            "uses http: for a host that is not this machine: the key would travel in the clear; write https:"
                .into(),
        ),
        "postgres" | "postgresql" => {
            Err("is the database's connection string: the API is at https://<project>.supabase.co".into())
        }
        _ => Err("has a scheme that is not https: write https://<project>.supabase.co".into()),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn check_host(url: &Url) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default();
    let database = host.strip_prefix("db.").and_then(|rest| rest.strip_suffix(".supabase.co"));
    match database {
        Some(project) if !project.is_empty() && !project.contains('.') => {
            Err(format!("is the database's host: the API is at https://{project}.supabase.co"))
        }
        _ if host.ends_with(".pooler.supabase.com") => {
            Err("is the host of the database's pooler: the API is at https://<project>.supabase.co".into())
        }
        _ if host.is_empty() => Err("names no host: write https://<project>.supabase.co".into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_leads_to_the_same_base() {
        for text in [
            "https://abc.supabase.co",
            "https://abc.supabase.co/",
            " \"https://abc.supabase.co/\" ",
            "'https://abc.supabase.co//'",
            "https://abc.supabase.co/rest/v1",
            "https://abc.supabase.co/rest/v1/",
            "HTTPS://ABC.supabase.co:443/",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), "https://abc.supabase.co", "{text}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for text in
            ["http://127.0.0.1:54321", "http://localhost:3000/", "http://[::1]:3000", "http://api.localhost"]
        {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in ["http://abc.supabase.co", "http://10.0.0.1", "http://localhost.example.com"] {
            assert!(parse(text).unwrap_err().contains("write https:"), "{text}");
        }
    }

    #[test]
    fn a_path_prefix_is_kept() {
        assert_eq!(
            parse("https://api.example.com/tenant/rest/v1/").unwrap().to_string(),
            "https://api.example.com/tenant"
        );
        assert_eq!(parse("http://127.0.0.1:3000/x").unwrap().prefix(), "/x");
    }

    #[test]
    fn what_cannot_be_right_is_refused_with_what_to_write() {
        let cases = [
            ("", "is empty: set it to https://<project>.supabase.co"),
            (
                "abc.supabase.co",
                "is not a URL (relative URL without a base): write https://<project>.supabase.co",
            ),
            ("https://db.abc.supabase.co", "is the database's host: the API is at https://abc.supabase.co"),
            (
                "https://aws-0-eu.pooler.supabase.com",
                "is the host of the database's pooler: the API is at https://<project>.supabase.co",
            ),
            (
                "postgresql://postgres:pw@db.abc.supabase.co:5432/postgres",
                "is the database's connection string: the API is at https://<project>.supabase.co",
            ),
            ("ftp://abc.supabase.co", "has a scheme that is not https: write https://<project>.supabase.co"),
            (
                "https://me:pw@abc.supabase.co",
                "contains a user name or password: remove them, the key is a setting of its own",
            ),
            (
                "https://abc.supabase.co/?x=1",
                "contains a query or fragment: remove everything from the ? or # on",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap_err(), expected, "{text}");
        }
    }
}
