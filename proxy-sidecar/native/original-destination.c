/*
 * originalDestination(fd): where a captured connection wanted to go. Node has no getsockopt.
 * Returns "a.b.c.d:port" or "[v6]:port", or undefined when the kernel knows of no redirect.
 */
#include <arpa/inet.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#define NAPI_VERSION 8
#include <node_api.h>

#ifndef IP6T_SO_ORIGINAL_DST
#define IP6T_SO_ORIGINAL_DST 80
#endif

static int original_v4(int fd, char *out, size_t size) {
  struct sockaddr_in to;
  socklen_t length = sizeof to;
  char text[INET_ADDRSTRLEN];
  if (getsockopt(fd, IPPROTO_IP, SO_ORIGINAL_DST, &to, &length) != 0 || to.sin_family != AF_INET) return 0;
  if (inet_ntop(AF_INET, &to.sin_addr, text, sizeof text) == NULL) return 0;
  snprintf(out, size, "%s:%u", text, ntohs(to.sin_port));
  return 1;
}

static int original_v6(int fd, char *out, size_t size) {
  struct sockaddr_in6 to;
  socklen_t length = sizeof to;
  char text[INET6_ADDRSTRLEN];
  if (getsockopt(fd, IPPROTO_IPV6, IP6T_SO_ORIGINAL_DST, &to, &length) != 0 || to.sin6_family != AF_INET6) return 0;
  if (inet_ntop(AF_INET6, &to.sin6_addr, text, sizeof text) == NULL) return 0;
  snprintf(out, size, "[%s]:%u", text, ntohs(to.sin6_port));
  return 1;
}

static napi_value original_destination(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument, result;
  int32_t fd = -1;
  char text[INET6_ADDRSTRLEN + 16];
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count < 1 ||
      napi_get_value_int32(env, argument, &fd) != napi_ok || fd < 0) {
    napi_throw_type_error(env, NULL, "originalDestination needs a file descriptor");
    return NULL;
  }
  if (!original_v4(fd, text, sizeof text) && !original_v6(fd, text, sizeof text)) {
    return napi_get_undefined(env, &result) == napi_ok ? result : NULL;
  }
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result) == napi_ok ? result : NULL;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (napi_create_function(env, "originalDestination", NAPI_AUTO_LENGTH, original_destination, NULL, &function) != napi_ok ||
      napi_set_named_property(env, exports, "originalDestination", function) != napi_ok) {
    return NULL;
  }
  return exports;
}
