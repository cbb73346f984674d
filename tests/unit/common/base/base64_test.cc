#include "common/base/base64.h"

#include <gtest/gtest.h>

namespace hawser {
namespace {

// RFC 4648, section 10.
TEST(Base64, EncodesAndDecodesTheTestVectors) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(encode_base64(as_bytes(plain)), text);
    SecretBytes out;
    ASSERT_TRUE(decode_base64(text, out)) << text;
    EXPECT_EQ(std::string(out.view().begin(), out.view().end()), plain);
  }
}

TEST(Base64, RefusesWhatIsNotBase64) {
  SecretBytes out;
  for (const char* text : {"Zg", "Zg=", "Z===", "Zg==Zg==", "Z-==", "=", "Zm9v\tZg=="})
    EXPECT_FALSE(decode_base64(text, out)) << text;
  EXPECT_TRUE(decode_base64("Zm\n9v\r\n", out));
}

}  // namespace
}  // namespace hawser
