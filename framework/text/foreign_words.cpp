#include "framework/text/foreign_words.h"

#include <algorithm>
#include <array>
#include <utility>

#include "framework/core/philox.h"

namespace coldframe {
namespace {

using Entry = std::pair<std::string_view, std::string_view>;

constexpr Entry k_dictionary[] = {
    {"a", "一个"},
    {"action", "动作"},
    {"administrator", "管理员"},
    {"adventure", "冒险"},
    {"and", "和"},
    {"animation", "动画"},
    {"artist", "艺术家"},
    {"children", "儿童"},
    {"comedy", "喜剧"},
    {"crime", "犯罪"},
    {"day", "天"},
    {"doctor", "医生"},
    {"documentary", "纪录"},
    {"drama", "剧情"},
    {"educator", "教育工作者"},
    {"engineer", "工程师"},
    {"entertainment", "娱乐"},
    {"executive", "主管"},
    {"fantasy", "奇幻"},
    {"film", "电影"},
    {"healthcare", "医疗"},
    {"homemaker", "家庭主妇"},
    {"horror", "恐怖"},
    {"in", "在"},
    {"lawyer", "律师"},
    {"liked", "喜欢"},
    {"librarian", "图书管理员"},
    {"life", "生活"},
    {"love", "爱"},
    {"man", "男人"},
    {"marketing", "市场营销"},
    {"movie", "电影"},
    {"musical", "音乐剧"},
    {"mystery", "悬疑"},
    {"night", "夜"},
    {"of", "的"},
    {"old", "大"},
    {"other", "其他"},
    {"person", "人"},
    {"programmer", "程序员"},
    {"retired", "退休"},
    {"romance", "爱情"},
    {"salesman", "推销员"},
    {"scientist", "科学家"},
    {"star", "星"},
    {"student", "学生"},
    {"teacher", "老师"},
    {"technician", "技术员"},
    {"the", "这"},
    {"thriller", "惊悚"},
    {"war", "战争"},
    {"western", "西部"},
    {"woman", "女人"},
    {"writer", "作家"},
    {"year", "岁"},
    {"young", "年轻"},
};

constexpr std::array<std::string_view, 26> k_letters = {
    "诶",   "比", "西", "迪",   "伊",   "艾弗", "吉", "艾尺", "艾", "杰",       "开",     "艾勒", "艾马",
    "艾娜", "哦", "屁", "吉吾", "艾儿", "艾丝", "提", "伊吾", "维", "豆贝尔维", "艾克斯", "吾艾", "贼德"};

constexpr std::array<std::string_view, 48> k_elsewhere = {
    "affidavit",   "aldehyde",   "anchorage", "annealing", "arbitration", "ballast",   "bitumen",     "bollard",
    "bulkhead",    "catalyst",   "caulking",  "chlorine",  "conveyor",    "covenant",  "dredging",    "easement",
    "electrolyte", "escrow",     "estuary",   "flange",    "freight",     "gasket",    "groundwater", "gypsum",
    "hydraulics",  "indictment", "isotope",   "jetty",     "keel",        "lien",      "lubricant",   "manifold",
    "mortgage",    "nitrate",    "ordinance", "polymer",   "quarry",      "rebar",     "sediment",    "solvent",
    "spillway",    "subpoena",   "tariff",    "tonnage",   "turbine",     "viscosity", "weld",        "zoning"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string in_chinese(std::string_view word) {
  std::string small;
  for (const char c : word) small += lower(c);
  const auto* entry = std::ranges::lower_bound(k_dictionary, std::string_view(small), {}, &Entry::first);
  if (entry != std::end(k_dictionary) && entry->first == small) return std::string(entry->second);
  std::string out;
  for (const char c : small) {
    if (c >= 'a' && c <= 'z') {
      out += k_letters[static_cast<std::size_t>(c - 'a')];
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view out_of_domain_word(std::uint32_t draw) {
  return k_elsewhere[uniform_below(draw, static_cast<std::uint32_t>(k_elsewhere.size()))];
}

}  // namespace coldframe
