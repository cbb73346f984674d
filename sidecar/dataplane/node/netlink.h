#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "common/base/bytes.h"
#include "common/base/result.h"

struct mnl_socket;
struct nlmsghdr;

namespace hawser::dataplane {

// One rtnetlink request under construction, in a buffer of its own.
class NetlinkRequest {
 public:
  // `flags` on top of NLM_F_REQUEST; `header` is the family's struct (rtmsg, ifinfomsg, ...), copied.
  template <typename Header>
  NetlinkRequest(uint16_t type, uint16_t flags, const Header& header)
      : NetlinkRequest(type, flags, &header, sizeof(header)) {}
  ~NetlinkRequest();
  NetlinkRequest(NetlinkRequest&&) noexcept;

  NetlinkRequest& put_u8(uint16_t attribute, uint8_t value);
  NetlinkRequest& put_u32(uint16_t attribute, uint32_t value);
  NetlinkRequest& put(uint16_t attribute, BytesView value);
  NetlinkRequest& put_string(uint16_t attribute, std::string_view value);
  // Attributes put in between become children.
  NetlinkRequest& begin(uint16_t attribute);
  NetlinkRequest& end();

  nlmsghdr* message() const;

 private:
  struct State;
  NetlinkRequest(uint16_t type, uint16_t flags, const void* header, size_t size);
  std::unique_ptr<State> state_;
};

// A NETLINK_ROUTE socket of the network namespace it was opened in. One thread at a time.
class Netlink {
 public:
  static Result<std::unique_ptr<Netlink>> open();
  ~Netlink();
  Netlink(const Netlink&) = delete;
  Netlink& operator=(const Netlink&) = delete;

  // Sends and waits for the kernel's answer. Returns 0 or the errno, for the caller knows which ones are
  // fine.
  int request(NetlinkRequest& request);
  // The same for a request that is answered with messages: `each` gets them.
  int get(NetlinkRequest& request, const std::function<void(const nlmsghdr&)>& each);
  // Sends a dump request; `each` gets every message. 0 or the errno.
  int dump(NetlinkRequest& request, const std::function<void(const nlmsghdr&)>& each);

 private:
  explicit Netlink(mnl_socket* socket) : socket_(socket) {}
  int exchange(nlmsghdr* message, const std::function<void(const nlmsghdr&)>* each);
  mnl_socket* socket_;
  uint32_t sequence_ = 0;
};

// "<what>: <strerror>", with PermissionDenied, NotFound, AlreadyExists, Unsupported where the errno says so.
Error netlink_error(std::string_view what, int error_number);

}  // namespace hawser::dataplane
