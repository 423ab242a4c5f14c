package example.sandbox;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.stream.Collectors;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonDeserializer;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializer;

/** Asks the admin API below one address: JSON in, JSON out, an error with its code. */
final class Admin {
    static final Gson JSON = new GsonBuilder()
            .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .registerTypeAdapter(Instant.class,
                    (JsonDeserializer<Instant>) (json, type, context) -> Instant.parse(json.getAsString()))
            .registerTypeAdapter(Instant.class,
                    (JsonSerializer<Instant>) (instant, type, context) -> new JsonPrimitive(instant.toString()))
            .create();
    private static final Duration CONNECT = Duration.ofSeconds(60);
    /** A clock that passes thousands of deadlines answers once all that was due is done. */
    private static final Duration PATIENCE = Duration.ofHours(1);

    private final HttpClient http;
    private final String base;
    private final String token;

    private Admin(HttpClient http, String base, String token) {
        this.http = http;
        this.base = base.replaceFirst("(/_sandbox)?/*$", "");
        this.token = token;
    }

    static Admin of(String base, String token) {
        HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT).build();
        return new Admin(http, base, token);
    }

    Admin below(String other) {
        return new Admin(http, other, token);
    }

    String base() {
        return base;
    }

    JsonObject get(String path, Map<String, ?> asked) {
        String query = asked.entrySet().stream()
                .map(one -> one.getKey() + "=" + URLEncoder.encode(one.getValue().toString(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        return read(send(path + (query.isEmpty() ? "" : "?" + query), "GET", HttpRequest.BodyPublishers.noBody(), "*/*"));
    }

    JsonObject get(String path) {
        return get(path, Map.of());
    }

    String text(String path) {
        return new String(bytes(path, "text/plain"), StandardCharsets.UTF_8);
    }

    byte[] bytes(String path, String accept) {
        return send(path, "GET", HttpRequest.BodyPublishers.noBody(), accept).body();
    }

    JsonObject post(String path, Object told) {
        return read(send(path, "POST", HttpRequest.BodyPublishers.ofString(JSON.toJson(told)), "application/json"));
    }

    void delete(String path) {
        send(path, "DELETE", HttpRequest.BodyPublishers.noBody(), "*/*");
    }

    private HttpResponse<byte[]> send(String path, String method, HttpRequest.BodyPublisher body, String accept) {
        URI address = URI.create(base + "/_sandbox/" + path);
        HttpRequest.Builder request = HttpRequest.newBuilder(address).timeout(PATIENCE)
                .header("Accept", accept).method(method, body);
        if (method.equals("POST")) {
            request.header("Content-Type", "application/json");
        }
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        HttpResponse<byte[]> answer;
        try {
            answer = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        } catch (IOException error) {
            throw new SandboxException("UNREACHABLE", method + " " + address + ": " + error, error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new SandboxException("UNREACHABLE", "interrupted", error);
        }
        if (answer.statusCode() / 100 != 2) {
            throw refusal(method + " " + address, answer);
        }
        return answer;
    }

    private static SandboxException refusal(String asked, HttpResponse<byte[]> answer) {
        try {
            JsonObject error = read(answer).getAsJsonObject("error");
            return new SandboxException(error.get("code").getAsString(), error.get("detail").getAsString());
        } catch (JsonParseException | NullPointerException | IllegalStateException notOne) {
            return new SandboxException("NOT_A_SANDBOX", asked + " was answered with " + answer.statusCode());
        }
    }

    private static JsonObject read(HttpResponse<byte[]> answer) {
        return JSON.fromJson(new String(answer.body(), StandardCharsets.UTF_8), JsonObject.class);
    }
}
