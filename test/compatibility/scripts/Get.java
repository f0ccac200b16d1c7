import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** The agent's program: java Get.java METHOD URL, with the JDK's own HTTP client. */
class Get {
  public static void main(String[] args) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(args[1])).method(args[0], HttpRequest.BodyPublishers.noBody());
    var response = HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    System.out.println(response.version() + " " + response.statusCode() + " " + response.body());
    System.exit(response.statusCode() < 400 ? 0 : 1);
  }
}
