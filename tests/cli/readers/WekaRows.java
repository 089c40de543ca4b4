import java.io.FileReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import weka.core.Attribute;
import weka.core.Instance;
import weka.core.Instances;

/** Prints the rows of an ARFF file as Weka reads them; the format is that of rows.py. */
class WekaRows {
    public static void main(String[] arguments) throws Exception {
        Instances data = new Instances(new FileReader(arguments[0], StandardCharsets.UTF_8));
        StringBuilder text = new StringBuilder();
        for (int place = 0; place < data.numAttributes(); place++) {
            Attribute attribute = data.attribute(place);
            String kind = Attribute.typeToString(attribute);
            text.append(place == 0 ? "" : "\t").append(attribute.name()).append(':').append(kind);
        }
        for (Instance row : data) {
            text.append('\n');
            for (int place = 0; place < data.numAttributes(); place++) {
                text.append(place == 0 ? "" : "\t");
                if (row.isMissing(place)) {
                    continue;
                }
                boolean isNumber = row.attribute(place).isNumeric();
                text.append(isNumber ? Double.toString(row.value(place)) : row.stringValue(place));
            }
        }
        new PrintStream(System.out, true, StandardCharsets.UTF_8).println(text);
    }
}
