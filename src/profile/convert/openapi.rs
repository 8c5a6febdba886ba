//! A profile from an `OpenAPI` description (2.0, 3.0 or 3.1, as JSON): one step for each operation, with examples where the
//! description has them.

use serde_json::{Map, Value, json};

use super::sketch::{Address, Request, Sketch, SketchBody, encoded, is_token};
use super::toml_text::{inline, literal};
use super::{ConvertError, Draft};

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];
/// How deep an example is made up: descriptions may contain themselves.
const MAX_DEPTH: usize = 6;
/// How many references are followed in a row.
const MAX_REFERENCES: usize = 16;

/// Writes a profile of one step per operation.
///
/// # Errors
/// Where the text is no `OpenAPI` description in JSON, or has no operations.
pub fn from_openapi(text: &str) -> Result<Draft, ConvertError> {
    let form = |reason: String| ConvertError::Form { form: "OpenAPI description", reason };
    let text = text.trim_start_matches('\u{feff}');
    let document: Value = serde_json::from_str(text).map_err(|error| {
        if text.trim_start().starts_with('{') {
            form(error.to_string())
        } else {
            form("it is not JSON; where it is YAML, convert it first, such as by `yq -o json openapi.yaml`".to_owned())
        }
    })?;
    let paths = document.get("paths").and_then(Value::as_object);
    let paths = paths.ok_or_else(|| form("it has no `paths`".to_owned()))?;
    let title = document.pointer("/info/title").and_then(Value::as_str).unwrap_or("an OpenAPI description");
    let mut sketch = Sketch { about: format!("One request for each operation of {title}"), ..Sketch::default() };
    let description = Description { document: &document };
    let prefix = description.base(&mut sketch);
    if let Some(security) = document.get("security") {
        sketch.headers = description.security(&mut sketch, security);
    }
    // Others are extensions.
    for (path, item) in paths.iter().filter(|(path, _)| path.starts_with('/')) {
        let item = description.resolved(item);
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let name = operation.get("operationId").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
            if operation.get("deprecated") == Some(&Value::Bool(true)) {
                sketch.notes.push(format!("left out: {} {path}, which is deprecated", method.to_uppercase()));
                continue;
            }
            if method == "delete" {
                sketch.notes.push(format!("DELETE {path} removes things: is that meant?"));
            }
            let request = description.request(&mut sketch, &prefix, path, item, method, operation);
            sketch.requests.push(Request { name: name.map(str::to_owned), ..request });
        }
    }
    sketch.draft("the description has no operations")
}

struct Description<'d> {
    document: &'d Value,
}

impl Description<'_> {
    /// Sets the address; answers with the path that all paths start with.
    fn base(&self, sketch: &mut Sketch) -> String {
        let server = self.document.pointer("/servers/0");
        let mut url =
            server.and_then(|server| server.get("url")).and_then(Value::as_str).unwrap_or_default().to_owned();
        let variables = server.and_then(|server| server.get("variables")).and_then(Value::as_object);
        for (name, variable) in variables.into_iter().flatten() {
            let value = variable.get("default").and_then(Value::as_str).unwrap_or_default();
            url = url.replace(&format!("{{{name}}}"), value);
        }
        if let Some(host) = self.document.get("host").and_then(Value::as_str) {
            let scheme = self.document.pointer("/schemes/0").and_then(Value::as_str).unwrap_or("http");
            let path = self.document.get("basePath").and_then(Value::as_str).unwrap_or_default();
            url = format!("{scheme}://{host}{path}");
        }
        let path = match Address::read(&url) {
            Some(address) => {
                sketch.base = Some(address.origin);
                address.path
            }
            None => url,
        };
        let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
        if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
    }

    /// The headers that a security requirement asks for.
    fn security(&self, sketch: &mut Sketch, requirement: &Value) -> Vec<(String, String)> {
        let names = requirement.as_array().and_then(|all| all.first()).and_then(Value::as_object);
        let schemes = self.document.pointer("/components/securitySchemes").or(self.document.get("securityDefinitions"));
        let mut headers = Vec::new();
        for name in names.into_iter().flat_map(Map::keys) {
            let scheme = schemes.and_then(|schemes| schemes.get(name)).unwrap_or(&Value::Null);
            let text = |key: &str| scheme.get(key).and_then(Value::as_str).unwrap_or_default();
            let header = match (text("type"), text("scheme"), text("in")) {
                ("http", "basic", _) | ("basic", _, _) => {
                    ("authorization", format!("Basic {}", sketch.secrets.place("BASIC_AUTH", "basic", name)))
                }
                ("apiKey", _, "header") => (text("name"), sketch.secrets.place("API_KEY", "key", name)),
                ("apiKey", ..) => {
                    sketch.notes.push(format!("`{name}` is a key in the {}: put it there by hand", text("in")));
                    continue;
                }
                _ => ("authorization", format!("Bearer {}", sketch.secrets.place("TOKEN", "token", name))),
            };
            if is_token(header.0) {
                headers.push((header.0.to_lowercase(), header.1));
            }
        }
        headers
    }

    fn request(
        &self,
        sketch: &mut Sketch,
        prefix: &str,
        path: &str,
        item: &Value,
        method: &str,
        operation: &Value,
    ) -> Request {
        let mut request = Request { method: method.to_uppercase(), ..Request::default() };
        let mut url = literal(&format!("{prefix}{path}"));
        let (mut query, mut form) = (Vec::new(), Vec::new());
        let lists = [item.get("parameters"), operation.get("parameters")];
        for parameter in lists.into_iter().flatten().filter_map(Value::as_array).flatten() {
            let parameter = self.resolved(parameter);
            let text = |key: &str| parameter.get(key).and_then(Value::as_str).unwrap_or_default();
            let required = parameter.get("required") == Some(&Value::Bool(true));
            let name = text("name").to_owned();
            let value = self.example(parameter.get("schema").unwrap_or(parameter), parameter.get("example"), 0);
            let value = if let Value::String(text) = value { text } else { value.to_string() };
            match text("in") {
                "path" => {
                    let variable = variable_name(&name);
                    url = url.replace(&format!("{{{name}}}"), &format!("{{{{{variable}}}}}"));
                    sketch.variables.entry(variable).or_insert_with(|| literal(&value));
                }
                "query" if required => query.push(format!("{name}={value}")),
                "header" if required && is_token(&name) => {
                    request.headers.push((name.to_lowercase(), sketch.secrets.value(&name, &value)));
                }
                "formData" if required => form.push((name.clone(), sketch.secrets.value(&name, &value))),
                "body" => {
                    request.body = body(sketch, self.example(parameter.get("schema").unwrap_or(&Value::Null), None, 0));
                }
                _ => {}
            }
        }
        if !query.is_empty() {
            let query = sketch.path(&format!("?{}", query.join("&")));
            url.push_str(&query);
        }
        if !form.is_empty() {
            request.body = SketchBody::Form(form);
        }
        request.url = url.chars().map(encoded).collect();
        if let Some(media) = self.json_body(operation) {
            let example = self.example(media.get("schema").unwrap_or(&Value::Null), media.get("example"), 0);
            request.body = body(sketch, example);
        }
        if matches!(request.body, SketchBody::Raw(_)) {
            request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        if let Some(security) = operation.get("security") {
            request.headers.extend(self.security(sketch, security));
        }
        request.status = success(operation);
        request
    }

    fn json_body<'v>(&'v self, operation: &'v Value) -> Option<&'v Value> {
        let content = self.resolved(operation.get("requestBody")?).get("content")?.as_object()?;
        content.iter().find(|(kind, _)| kind.contains("json")).map(|(_, media)| media)
    }

    /// The value itself, where it is a reference within the document.
    fn resolved<'v>(&'v self, value: &'v Value) -> &'v Value {
        let mut value = value;
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return value };
            let Some(target) = reference.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer)) else {
                return &Value::Null;
            };
            value = target;
        }
        &Value::Null
    }

    /// A value that a schema allows: its example, default or first choice, or one made up.
    fn example(&self, schema: &Value, given: Option<&Value>, depth: usize) -> Value {
        let schema = self.resolved(schema);
        let first = |key: &str| schema.get(key).and_then(|list| list.get(0));
        let example =
            given.or_else(|| schema.get("example")).or_else(|| first("examples")).or_else(|| schema.get("default"));
        if let Some(value) = example.or_else(|| first("enum")).or_else(|| schema.get("const")) {
            return value.clone();
        }
        if depth >= MAX_DEPTH {
            return json!({});
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let parts = parts.iter().map(|part| self.example(part, None, depth + 1));
            let objects = parts.filter_map(|part| if let Value::Object(object) = part { Some(object) } else { None });
            return Value::Object(objects.flatten().collect());
        }
        if let Some(choice) = first("oneOf").or_else(|| first("anyOf")) {
            return self.example(choice, None, depth + 1);
        }
        let kind = schema.get("type").and_then(|kind| kind.as_str().or_else(|| kind.get(0)?.as_str()));
        match kind {
            Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(1)),
            Some("number") => schema.get("minimum").cloned().unwrap_or(json!(1.5)),
            Some("boolean") => json!(true),
            Some("array") => match schema.get("items") {
                Some(items) => json!([self.example(items, None, depth + 1)]),
                None => json!([]),
            },
            Some("string") => json!(string_of(schema)),
            _ => self.object(schema, depth),
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return if schema.get("type").is_some() { json!({}) } else { json!("text") };
        };
        let required: Option<Vec<&str>> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).collect());
        let wanted = |name: &str, property: &Value| {
            required.as_ref().is_none_or(|names| names.contains(&name))
                && property.get("readOnly") != Some(&Value::Bool(true))
        };
        let entries = properties.iter().filter(|(name, property)| wanted(name, property));
        Value::Object(entries.map(|(name, property)| (name.clone(), self.example(property, None, depth + 1))).collect())
    }
}

fn string_of(schema: &Value) -> &'static str {
    match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        Some("date") => "2026-01-31",
        Some("date-time") => "2026-01-31T12:00:00Z",
        Some("email") => "ann@example.com",
        Some("uri" | "url") => "http://example.com/",
        _ => "text",
    }
}

fn body(sketch: &mut Sketch, example: Value) -> SketchBody {
    let value = sketch.secrets.json("", example);
    if inline(&value).is_some() { SketchBody::Json(value) } else { SketchBody::Raw(value.to_string()) }
}

/// The first success that the operation describes.
fn success(operation: &Value) -> Option<u16> {
    let responses = operation.get("responses")?.as_object()?;
    responses.keys().filter_map(|status| status.parse().ok()).find(|status| (200..300).contains(status))
}

/// A variable's name from a parameter's, apart from the names that templates have for themselves.
fn variable_name(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
    let reserved = ["user", "turn", "repeat", "tenant", "random", "other"].contains(&name.as_str());
    let starts = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if reserved || !starts { format!("p_{name}") } else { name }
}
