#include "sidecar/dataplane/node/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace hawser::dataplane {

struct NetlinkRequest::State {
  alignas(nlmsghdr) std::array<char, 2048> buffer{};
  nlmsghdr* message = nullptr;
  std::vector<nlattr*> open;
};

NetlinkRequest::NetlinkRequest(uint16_t type, uint16_t flags, const void* header, size_t size)
    : state_(std::make_unique<State>()) {
  state_->message = mnl_nlmsg_put_header(state_->buffer.data());
  state_->message->nlmsg_type = type;
  state_->message->nlmsg_flags = NLM_F_REQUEST | flags;
  std::memcpy(mnl_nlmsg_put_extra_header(state_->message, size), header, size);
}
NetlinkRequest::~NetlinkRequest() = default;
NetlinkRequest::NetlinkRequest(NetlinkRequest&&) noexcept = default;

NetlinkRequest& NetlinkRequest::put_u8(uint16_t attribute, uint8_t value) {
  CHECK(mnl_attr_put_u8_check(state_->message, state_->buffer.size(), attribute, value));
  return *this;
}
NetlinkRequest& NetlinkRequest::put_u32(uint16_t attribute, uint32_t value) {
  CHECK(mnl_attr_put_u32_check(state_->message, state_->buffer.size(), attribute, value));
  return *this;
}
NetlinkRequest& NetlinkRequest::put(uint16_t attribute, BytesView value) {
  CHECK(mnl_attr_put_check(state_->message, state_->buffer.size(), attribute, value.size(), value.data()));
  return *this;
}
NetlinkRequest& NetlinkRequest::put_string(uint16_t attribute, std::string_view value) {
  return put(attribute, as_bytes(std::string(value) + '\0'));
}
NetlinkRequest& NetlinkRequest::begin(uint16_t attribute) {
  state_->open.push_back(mnl_attr_nest_start(state_->message, attribute));
  return *this;
}
NetlinkRequest& NetlinkRequest::end() {
  CHECK(!state_->open.empty());
  mnl_attr_nest_end(state_->message, state_->open.back());
  state_->open.pop_back();
  return *this;
}
nlmsghdr* NetlinkRequest::message() const { return state_->message; }

Result<std::unique_ptr<Netlink>> Netlink::open() {
  mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
  if (socket == nullptr) return netlink_error("open a rtnetlink socket", errno);
  std::unique_ptr<Netlink> netlink(new Netlink(socket));
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
    return netlink_error("bind a rtnetlink socket", errno);
  // Filters of dumps are applied by the kernel (4.20); an older one sends all and we sort it out.
  int on = 1;
  mnl_socket_setsockopt(socket, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
  return netlink;
}

Netlink::~Netlink() { mnl_socket_close(socket_); }

int Netlink::request(NetlinkRequest& request) {
  request.message()->nlmsg_flags |= NLM_F_ACK;
  return exchange(request.message(), nullptr);
}

int Netlink::get(NetlinkRequest& request, const std::function<void(const nlmsghdr&)>& each) {
  request.message()->nlmsg_flags |= NLM_F_ACK;
  return exchange(request.message(), &each);
}

int Netlink::dump(NetlinkRequest& request, const std::function<void(const nlmsghdr&)>& each) {
  request.message()->nlmsg_flags |= NLM_F_DUMP;
  return exchange(request.message(), &each);
}

int Netlink::exchange(nlmsghdr* message, const std::function<void(const nlmsghdr&)>* each) {
  message->nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_, message, message->nlmsg_len) < 0) return errno;
  std::vector<char> buffer(32768);
  mnl_cb_t callback = [](const nlmsghdr* answer, void* data) {
    const auto* function = static_cast<const std::function<void(const nlmsghdr&)>*>(data);
    if (function != nullptr) (*function)(*answer);
    return MNL_CB_OK;
  };
  while (true) {
    ssize_t size = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
    if (size < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    int outcome =
        mnl_cb_run(buffer.data(), static_cast<size_t>(size), sequence_, mnl_socket_get_portid(socket_),
                   callback, const_cast<std::function<void(const nlmsghdr&)>*>(each));
    if (outcome == MNL_CB_STOP) return 0;
    if (outcome == MNL_CB_ERROR && errno != EPROTO) return errno;
    // EPROTO: an answer to an earlier request that broke off; ours is still to come.
  }
}

Error netlink_error(std::string_view what, int error_number) {
  ErrorCode code = ErrorCode::Internal;
  switch (error_number) {
    case EPERM:
    case EACCES:
      code = ErrorCode::PermissionDenied;
      break;
    case ENOENT:
    case ENODEV:
    case ESRCH:
      code = ErrorCode::NotFound;
      break;
    case EEXIST:
      code = ErrorCode::AlreadyExists;
      break;
    case EAFNOSUPPORT:
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
      code = ErrorCode::Unsupported;
      break;
    case EBUSY:
    case EAGAIN:
      code = ErrorCode::Unavailable;
      break;
    default:
      break;
  }
  std::string message = "cannot " + std::string(what) + ": " + std::strerror(error_number);
  if (code == ErrorCode::PermissionDenied) message += " (the sidecar needs the capability NET_ADMIN)";
  return {code, message};
}

}  // namespace hawser::dataplane
