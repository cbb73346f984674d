#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sidecar/wire/samples.h"

// KE, Nonce, ID, AUTH, Notify, Delete.
namespace hawser::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename T>
T good(PayloadType type, std::string_view body) {
  return std::get<T>(parse_one(type, hex(body)).value()[0]);
}

std::string error_of(PayloadType type, std::string_view body) {
  auto parsed = parse_one(type, hex(body));
  return parsed ? "" : parsed.error().message;
}

TEST(KePayload, HasAGroupAndAValue) {
  auto ke = good<KePayload>(PayloadType::Ke, "0013ffff0102");
  EXPECT_EQ(ke.group, 19);
  EXPECT_EQ(ke.data, (Bytes{1, 2}));
  EXPECT_THAT(error_of(PayloadType::Ke, "00130000"), HasSubstr("no public value"));
  EXPECT_FALSE(error_of(PayloadType::Ke, "001300").empty());
}

TEST(NoncePayload, Has16To256Octets) {
  EXPECT_THAT(parse_one(PayloadType::Nonce, Bytes(15)).error().message, HasSubstr("15 octets; 16 to 256"));
  EXPECT_TRUE(parse_one(PayloadType::Nonce, Bytes(16)));
  EXPECT_TRUE(parse_one(PayloadType::Nonce, Bytes(256)));
  EXPECT_FALSE(parse_one(PayloadType::Nonce, Bytes(257)));
  EXPECT_FALSE(parse_one(PayloadType::Nonce, {}));
}

TEST(IdPayload, KeepsReservedOctetsForAuth) {
  auto id = good<IdPayload>(PayloadType::IdResponder,
                            "02a1b2c3"
                            "6777");
  EXPECT_FALSE(id.initiator);
  EXPECT_EQ(to_hex(id_body(id)), "02a1b2c36777");
}

TEST(IdPayload, AddressesHaveTheirSize) {
  EXPECT_TRUE(parse_one(PayloadType::IdInitiator, hex("01000000c0000201")));
  EXPECT_THAT(error_of(PayloadType::IdInitiator, "01000000c00002"), HasSubstr("address of 3 octets"));
  EXPECT_FALSE(error_of(PayloadType::IdInitiator, "05000000c0000201").empty());
  EXPECT_TRUE(parse_one(PayloadType::IdInitiator, hex("05000000"
                                                      "20010db8000000000000000000000001")));
  EXPECT_TRUE(parse_one(PayloadType::IdInitiator, hex("0d000000"))) << "ID_NULL has no data";
  EXPECT_FALSE(error_of(PayloadType::IdInitiator, "0d0000").empty());
}

TEST(AuthPayload, HasAMethodAndData) {
  auto auth = good<AuthPayload>(PayloadType::Auth, "02ffffff0102");
  EXPECT_EQ(auth.method, 2);
  EXPECT_EQ(auth.data, (Bytes{1, 2}));
  EXPECT_FALSE(error_of(PayloadType::Auth, "020000").empty());
}

TEST(NotifyPayload, HasAnSpiOf0Or4Or8Octets) {
  auto rekey = good<NotifyPayload>(PayloadType::Notify,
                                   "03044009"
                                   "01020304");
  EXPECT_EQ(rekey.type, NotifyType::RekeySa);
  EXPECT_EQ(rekey.protocol, ProtocolId::Esp);
  EXPECT_EQ(rekey.spi, (Bytes{1, 2, 3, 4}));
  EXPECT_TRUE(rekey.data.empty());
  EXPECT_EQ(good<NotifyPayload>(PayloadType::Notify,
                                "01080004"
                                "0102030405060708"
                                "ff")
                .data,
            Bytes{0xff});
  EXPECT_THAT(error_of(PayloadType::Notify,
                       "03034009"
                       "010203"),
              HasSubstr("SPI of 3 octets"));
  EXPECT_FALSE(error_of(PayloadType::Notify,
                        "03044009"
                        "010203")
                   .empty());
  EXPECT_FALSE(error_of(PayloadType::Notify, "030040").empty());
}

TEST(NotifyPayload, AnyProtocolWithoutAnSpiIsKept) {
  EXPECT_EQ(good<NotifyPayload>(PayloadType::Notify, "f7004004").type, NotifyType::NatDetectionSourceIp);
}

TEST(DeletePayload, ForIkeListsNothing) {
  auto ike = good<DeletePayload>(PayloadType::Delete, "01000000");
  EXPECT_EQ(ike.protocol, ProtocolId::Ike);
  EXPECT_TRUE(ike.spis.empty());
  EXPECT_THAT(error_of(PayloadType::Delete,
                       "01080001"
                       "0102030405060708"),
              HasSubstr("SPIs listed for IKE"));
  EXPECT_FALSE(error_of(PayloadType::Delete, "01000001").empty());
  EXPECT_FALSE(error_of(PayloadType::Delete, "0100000000").empty());
}

TEST(DeletePayload, ForEspCountTimesSizeIsTheWholeBody) {
  auto esp = good<DeletePayload>(PayloadType::Delete,
                                 "03040002"
                                 "01020304"
                                 "05060708");
  EXPECT_THAT(esp.spis, ElementsAre(sa::Spi(0x01020304), sa::Spi(0x05060708)));
  EXPECT_THAT(error_of(PayloadType::Delete,
                       "03040002"
                       "01020304"),
              HasSubstr("2 SPIs announced in 4 octets"));
  EXPECT_FALSE(error_of(PayloadType::Delete,
                        "03040001"
                        "0102030405060708")
                   .empty());
  EXPECT_THAT(error_of(PayloadType::Delete,
                       "03080001"
                       "0102030405060708"),
              HasSubstr("SPI size of 8"));
  EXPECT_FALSE(error_of(PayloadType::Delete, "03000001").empty());
  EXPECT_FALSE(error_of(PayloadType::Delete, "0304ffff").empty());
  EXPECT_THAT(error_of(PayloadType::Delete,
                       "09040001"
                       "01020304"),
              HasSubstr("protocol 9"));
}

}  // namespace
}  // namespace hawser::wire
